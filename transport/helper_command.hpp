// Which program carries the bytes of an address. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "transport/endpoint.hpp"

namespace peelbox::transport {

/// The command line of podman-container://, nerdctl-container:// and ssh:// (client/connhelper/ of
/// BuildKit); the other end runs `buildctl dial-stdio`. errc::usage for parts that the program would misread.
result<std::vector<std::string>> helper_command(const endpoint& where);

/// The command line that reaches a Docker engine by ssh://; the other end runs `docker system dial-stdio`, for the
/// socket that the address names if it names one (docker/cli, cli/connhelper).
result<std::vector<std::string>> docker_ssh_command(const endpoint& where);

/// The command line whose stdin and stdout are a connection from `through`, "[USER@]HOST[:PORT]" or a name of the user's ssh
/// configuration, to a port of `address`, which is an IP address: ssh -W. errc::usage for parts that the program would misread.
result<std::vector<std::string>> ssh_forward_command(std::string_view through, const std::string& address, std::uint16_t port);

/// True when helper_command() has a program for it.
bool is_carried_by_program(scheme kind) noexcept;

/// What a docker-container:// address names.
struct container_address {
  std::string name;
  std::string context;  ///< of ?context=
};
result<container_address> parse_container(const endpoint& where);

/// What a kube-pod:// address names (client/connhelper/kubepod of BuildKit).
struct pod_address {
  std::string name;
  std::string context;     ///< empty: the current one
  std::string name_space;  ///< empty: that of the context
  std::string container;   ///< empty: the only one
};
result<pod_address> parse_pod(const endpoint& where);

}  // namespace peelbox::transport
