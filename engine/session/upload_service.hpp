// moby.upload.v1.Upload: a stream of ours that the daemon's http source fetches.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/async/bytes.hpp"
#include "engine/session/attachable.hpp"
#include "transport/stream.hpp"

namespace peelbox::session {

/// Something that can be read once, such as standard input. The daemon fetches what has the host "buildkit-session" from the
/// session of the build (source/http/transport.go). On one thread.
class upload {
 public:
  /// `beginning` is what was read of it already; `rest` may be null.
  upload(std::string beginning, transport::stream_ptr rest);

  /// Names it for the daemon: an http URL that nobody else has.
  const std::string& url() const noexcept { return url_; }
  /// Somebody has begun to fetch it, so nobody else can.
  bool taken() const noexcept { return taken_; }

  /// The next bytes; empty at the end. Fails as the stream does.
  task<result<byte_slice>> next();
  /// False when it was taken before.
  bool take() noexcept { return !std::exchange(taken_, true); }

 private:
  std::string url_;
  std::string beginning_;
  transport::stream_ptr rest_;
  bool taken_ = false;
};

/// Serves it. A second request, and one for something else, is refused (session/upload/uploadprovider).
attachable uploads(std::shared_ptr<upload> what);

}  // namespace peelbox::session
