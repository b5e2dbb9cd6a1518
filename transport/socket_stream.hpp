// The bytes of a connected stream socket of any family.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <string>

#include "transport/stream.hpp"

namespace peelbox::transport {

using stream_socket = asio::generic::stream_protocol::socket;

/// A stream over `socket`, which is connected and becomes non-blocking; `name` is for describe().
/// read() returns up to 256 KiB of one reused buffer; write() passes the slices themselves to the kernel.
/// The stream's coroutines have to run on the executor of `socket`.
stream_ptr make_socket_stream(stream_socket socket, std::string name);

}  // namespace peelbox::transport
