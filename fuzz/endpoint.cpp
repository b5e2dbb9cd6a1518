// Any bytes as an address: no crash; what is accepted obeys the rules, and its parts give the same endpoint again.
#include "transport/endpoint.hpp"
#include "transport/helper_command.hpp"

#include <cstdint>
#include <string>

#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::transport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto e = parse_endpoint(text);
  if (e.has_error()) {
    require(e.error().code == errc::usage && e.error().who == origin::user && !e.error().text.empty());
    require(e.error().text.size() < 1000);
    return 0;
  }
  require(e->text == text);
  require(!e->authority().empty());
  if (e->kind == scheme::unix_socket) {
    require(!e->path.empty() && e->path.size() <= 107 && e->path.find('\0') == std::string::npos);
    require("unix://" + e->path == text);
  } else if (e->kind == scheme::tcp) {
    require(e->port != 0 && !e->host.empty());
    const bool v6 = e->host.find(':') != std::string::npos;
    const auto again = parse_endpoint("tcp://" + (v6 ? "[" + e->host + "]" : e->host) + ":" + std::to_string(e->port));
    require(again.has_value() && again->host == e->host && again->port == e->port);
    const auto authority = parse_endpoint("tcp://" + e->authority());
    require(authority.has_value() && authority->port == e->port);
  } else if (e->kind == scheme::spawn) {
    require(text == "spawn:");
  } else {
    require(std::string(to_string(e->kind)) + "://" + e->rest == text);
    const auto argv = helper_command(*e);
    require(argv.has_value() ? argv->size() > 4 : argv.error().code == errc::usage);
    // No word from the address can be taken for a flag.
    if (argv.has_value() && e->kind == scheme::podman_container) require(!(*argv)[3].starts_with("-"));
    const auto forward = ssh_forward_command(e->rest, "10.1.2.3", 1234);
    require(forward.has_value() ? (*forward)[forward->size() - 2] == "--" && !forward->back().starts_with("-") : forward.error().code == errc::usage);
    (void)parse_container(*e);
  }
  return 0;
}
