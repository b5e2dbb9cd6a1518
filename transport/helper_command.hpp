// Which program carries the bytes of an address. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transport/endpoint.hpp"

namespace peelbox::transport {

/// The command line of podman-container://, nerdctl-container://, kube-pod:// and ssh:// (client/connhelper/ of
/// BuildKit); the other end runs `buildctl dial-stdio`. errc::usage for parts that the program would misread.
result<std::vector<std::string>> helper_command(const endpoint& where);

/// `ssh [-l user] [-p port] -- host COMMAND`; a path in the address is not part of it.
result<std::vector<std::string>> ssh_command(const endpoint& where, std::string_view command);

/// What a docker-container:// address names.
struct container_address {
  std::string name;
  std::string context;  ///< of ?context=
};
result<container_address> parse_container(const endpoint& where);

}  // namespace peelbox::transport
