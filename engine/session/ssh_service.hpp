// moby.sshforward.v1: SSH agents, and other sockets, for steps that mount them with --mount=type=ssh.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "engine/async/blocking_pool.hpp"
#include "engine/session/attachable.hpp"
#include "engine/session/ssh_key.hpp"
#include "transport/stream.hpp"

namespace peelbox::session {

/// A socket of this machine, connected anew for each connection that a step makes.
struct forwarded_socket {
  std::function<task<result<transport::stream_ptr>>()> connect;
  /// It is no agent: all bytes pass. Else only requests that list keys and sign pass, all others are refused.
  bool raw = false;
};
/// Keys from files, served by an agent of our own.
using key_ring = std::vector<ssh_key>;
using ssh_source = std::variant<forwarded_socket, key_ring>;

/// id -> what is behind it; "default" is what a step means that names none.
using ssh_book = std::map<std::string, ssh_source, std::less<>>;

/// Adds CheckAgent and ForwardAgent. An id that is not in the book is NotFound. What neither agents nor clients of theirs send
/// (messages larger than 256 KiB) ends the connection. `pool` must outlive the sessions.
attachable ssh_agents(ssh_book book, blocking_pool& pool);

}  // namespace peelbox::session
