// The bytes of a connected stream socket, whichever family it is of.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <string>

#include "transport/stream.hpp"

namespace peelbox::transport {

using stream_socket = asio::generic::stream_protocol::socket;

/// A stream over `socket`, which is connected; `name` is what describe() answers. The socket becomes non-blocking.
/// read() gives up to 256 KiB from one reused buffer; write() passes the slices themselves to the kernel.
/// The executor of `socket` has to be the one that the stream's coroutines run on.
stream_ptr make_socket_stream(stream_socket socket, std::string name);

}  // namespace peelbox::transport
