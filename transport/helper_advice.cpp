#include "transport/helper_advice.hpp"

#include <fmt/format.h>

namespace peelbox::transport {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// The words after `ssh` with which somebody reaches the same host: "-p 22 user@host".
std::string ssh_arguments(std::string_view address) {
  if (const auto scheme = address.find("ssh://"); scheme != address.npos) address.remove_prefix(scheme + 6);
  address = address.substr(0, address.find('/'));
  std::string port;
  const auto colon = address.rfind(':');
  if (colon != address.npos && (address.find(']') == address.npos || colon > address.find(']'))) {
    port = fmt::format("-p {} ", address.substr(colon + 1));
    address = address.substr(0, colon);
  }
  std::string host(address);
  std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
  return port + host;
}

}  // namespace

bool was_turned_away(std::string_view program, std::string_view words) {
  // "kex_exchange_identification: Connection closed by remote host", in older versions "ssh_exchange_identification: …".
  return program == "ssh" && contains(words, "exchange_identification:");
}

std::string helper_advice(std::string_view program, std::string_view words, std::string_view address) {
  if (program == "ssh") {
    const std::string where = ssh_arguments(address);
    if (was_turned_away(program, words))
      return fmt::format("the server closes connections before it asks who we are: it may have too many of them at a "
                         "time (MaxStartups in its sshd_config), or refuse this machine for a while; try `ssh {} true`",
                         where);
    if (contains(words, "Host key verification failed") || contains(words, "REMOTE HOST IDENTIFICATION HAS CHANGED"))
      return fmt::format("ssh cannot ask here whether the host's key is right: run `ssh {}` once and confirm the key, so "
                         "that it is in known_hosts",
                         where);
    if (contains(words, "Permission denied"))
      return fmt::format("ssh cannot ask here for a password or passphrase: give your key to an agent (ssh-add), so that "
                         "`ssh -o BatchMode=yes {} true` succeeds",
                         where);
    // sshd's answers to a channel that it is to open (RFC 4254, 5.1).
    if (contains(words, "open failed: administratively prohibited"))
      return fmt::format("{} does not lead there for others: AllowTcpForwarding and PermitOpen in its sshd_config decide that", where);
    if (contains(words, "open failed: connect failed"))
      return fmt::format("{} was reached, and has no way on: does a firewall or network policy keep it from there, and does somebody "
                         "listen on that port?", where);
  }
  if (contains(words, "buildctl") && (contains(words, "not found") || contains(words, "no such file")))
    return "the other end needs the program buildctl in its PATH; it comes with BuildKit";
  return {};
}

}  // namespace peelbox::transport
