// --ssh.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/async/environment.hpp"
#include "engine/async/failure.hpp"
#include "engine/session/ssh_service.hpp"

namespace peelbox::cli {

struct ssh_option {
  std::string id;
  /// A socket, or key files; none: the agent of SSH_AUTH_SOCK.
  std::vector<std::string> paths;
  bool raw = false;
};

/// "default", "ID", "ID=SOCKET[,raw=true]" or "ID=KEYFILE[,KEYFILE…]" (cmd/buildctl/build/ssh.go). An empty id is "default".
/// errc::usage. Pure.
result<ssh_option> parse_ssh(std::string_view text);

/// Looks at what the options name and reads the keys, before anybody connects. errc::usage, not_found, permission, io, limit.
result<session::ssh_book> find_agents(const std::vector<std::string>& options, const environment& variables);

}  // namespace peelbox::cli
