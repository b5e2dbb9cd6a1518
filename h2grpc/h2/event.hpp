// What happened on an HTTP/2 connection.
#pragma once

#include <string>
#include <variant>

#include "engine/async/bytes.hpp"
#include "h2grpc/h2/types.hpp"

namespace peelbox::h2grpc::h2 {

/// A whole header block: the request's or response's head, or trailers. Informational (1xx) responses are left out.
struct headers_received {
  stream_id id = 0;
  header_list headers;
  bool end_stream = false;
  /// The head of a request, which opens the stream (server role); else a response's head, or trailers of either.
  bool opens = false;
};
/// Payload of a DATA frame. The bytes are those given to session::feed(): copy them before the next read.
struct data_received {
  stream_id id = 0;
  byte_view bytes;
};
/// The peer ended its half with a DATA frame.
struct end_received {
  stream_id id = 0;
};
/// The stream is gone: both halves ended (code no_error), or one side reset it.
struct stream_closed {
  stream_id id = 0;
  error_code code = error_code::no_error;
  /// The peer sent RST_STREAM, or a GOAWAY that excludes the stream.
  bool by_peer = false;
  /// Why nghttp2 reset it, if it did.
  std::string why;
};
/// The peer's first SETTINGS, which prove that it speaks HTTP/2.
struct settings_received {};
/// The peer wants no new streams; `debug` is its text.
struct goaway_received {
  error_code code = error_code::no_error;
  std::string debug;
};

using event = std::variant<data_received, headers_received, end_received, stream_closed, settings_received, goaway_received>;

}  // namespace peelbox::h2grpc::h2
