// Real sockets for the tests of streams: listeners on loopback and connected pairs.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "transport/dialer.hpp"
#include "transport/socket_stream.hpp"

namespace peelbox::test {

/// A directory that goes away with the test.
class scratch_directory {
 public:
  scratch_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "peelbox-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Two connected local sockets: one as a stream of ours, the other to be used directly.
struct socket_pair {
  explicit socket_pair(executor ex) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
    ours = transport::make_socket_stream(
        transport::stream_socket(ex, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]), "unix://pair");
    peer = ends[1];
  }
  ~socket_pair() { close_peer(); }
  void close_peer() {
    if (peer >= 0) ::close(peer);
    peer = -1;
  }
  socket_pair(const socket_pair&) = delete;
  socket_pair& operator=(const socket_pair&) = delete;

  transport::stream_ptr ours;
  int peer = -1;
};

inline transport::endpoint tcp_endpoint(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != host.npos;
  return transport::parse_endpoint("tcp://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port)).value();
}

}  // namespace peelbox::test
