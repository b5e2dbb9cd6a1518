#include "transport/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "engine/async/ascii.hpp"
#include "engine/async/closest.hpp"

namespace peelbox::transport {
namespace {

struct scheme_name {
  scheme kind;
  std::string_view name;
};

constexpr std::array<scheme_name, 10> schemes{{
    {scheme::unix_socket, "unix"},
    {scheme::tcp, "tcp"},
    {scheme::docker, "docker"},
    {scheme::docker_container, "docker-container"},
    {scheme::podman_container, "podman-container"},
    {scheme::nerdctl_container, "nerdctl-container"},
    {scheme::kube_pod, "kube-pod"},
    {scheme::ssh, "ssh"},
    {scheme::npipe, "npipe"},
    {scheme::spawn, "spawn"},
}};

constexpr std::string_view unix_example = "unix:///run/buildkit/buildkitd.sock";
constexpr std::string_view tcp_example = "tcp://buildkit.example.com:1234 or tcp://[::1]:1234";

failure wrong_address(std::string_view text, std::string_view reason, std::string_view example) {
  // Of an address that is longer than any real one, only the beginning is quoted.
  constexpr std::size_t quoted = 200;
  const std::string_view shown = text.substr(0, quoted);
  return failure(errc::usage,
                 fmt::format("address \"{}{}\": {} (example: {})", shown, text.size() > quoted ? "…" : "", reason,
                             example),
                 origin::user);
}

bool is_host_character(char c) {
  return is_alnum(c) || c == '-' || c == '.' || c == '_';
}

bool is_zone(std::string_view zone) {
  return !zone.empty() && zone.size() <= 32 && std::all_of(zone.begin(), zone.end(), is_host_character);
}

result<endpoint> parse_unix(std::string_view text, std::string_view path) {
  if (path.empty() || path == "@") return wrong_address(text, "the path of the socket is missing", unix_example);
  if (path.find('\0') != path.npos) return wrong_address(text, "the path contains a NUL byte", unix_example);
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > longest)
    return wrong_address(text,
                 fmt::format("the path has {} bytes, a socket's path can have {}; use a shorter or relative path",
                             path.size(), longest),
                 unix_example);
  endpoint e;
  e.kind = scheme::unix_socket;
  e.text = text;
  e.path = path;
  return e;
}

result<endpoint> parse_tcp(std::string_view text, std::string_view rest) {
  const auto refuse = [&](std::string_view reason) { return wrong_address(text, reason, tcp_example); };
  if (rest.find('@') != rest.npos) return refuse("a user name is not possible in a tcp:// address");
  if (rest.find_first_of("/?#") != rest.npos) return refuse("nothing may follow HOST:PORT");
  std::string_view host;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == rest.npos) return refuse("the ']' after the IPv6 address is missing");
    host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    if (!port.starts_with(':')) return refuse("the port is missing");
    port.remove_prefix(1);
    const auto percent = host.find('%');
    const std::string_view number = host.substr(0, percent);
    if (number.find(':') == number.npos || !is_ip_address(number))
      return refuse("what stands in brackets is not an IPv6 address");
    if (percent != host.npos && !is_zone(host.substr(percent + 1))) return refuse("the zone after '%' is not valid");
  } else {
    const auto colon = rest.rfind(':');
    host = rest.substr(0, colon);
    if (host.find(':') != host.npos) return refuse("an IPv6 address has to be in brackets");
    if (host.empty()) return refuse("the host is missing");
    if (host.size() > 253) return refuse("the host name is longer than 253 bytes");
    if (!std::all_of(host.begin(), host.end(), is_host_character))
      return refuse("the host contains a character that a host name cannot have");
    if (colon == rest.npos) return refuse("the port is missing");
    port = rest.substr(colon + 1);
  }
  if (port.empty()) return refuse("the port is missing");
  unsigned number = 0;
  const auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || last != port.data() + port.size() || number == 0 || number > 65535)
    return refuse("the port is not a number from 1 to 65535");
  endpoint e;
  e.kind = scheme::tcp;
  e.text = text;
  e.host = host;
  e.port = static_cast<std::uint16_t>(number);
  return e;
}

}  // namespace

std::string_view to_string(scheme kind) noexcept {
  for (const auto& s : schemes)
    if (s.kind == kind) return s.name;
  return "unknown";
}

bool is_ip_address(std::string_view host) {
  if (host.size() >= INET6_ADDRSTRLEN || host.find('\0') != host.npos) return false;
  const std::string text(host);
  in6_addr ignored{};
  return inet_pton(AF_INET, text.c_str(), &ignored) == 1 || inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

std::string endpoint::authority() const {
  if (kind != scheme::tcp) return "localhost";
  // A zone means nothing on another machine.
  const std::string_view name = std::string_view(host).substr(0, host.find('%'));
  if (name.find(':') != name.npos) return fmt::format("[{}]:{}", name, port);
  return fmt::format("{}:{}", name, port);
}

result<endpoint> parse_endpoint(std::string_view text) {
  constexpr std::string_view separator = "://";
  if (text == "spawn:") {
    endpoint e;
    e.kind = scheme::spawn;
    e.text = text;
    return e;
  }
  const auto at = text.find(separator);
  if (at == text.npos) {
    if (text.empty()) return wrong_address(text, "it is empty", unix_example);
    if (text.starts_with('/')) return wrong_address(text, "the scheme is missing", fmt::format("unix://{}", text));
    return wrong_address(text, "the scheme is missing", fmt::format("{} or tcp://HOST:PORT", unix_example));
  }
  const std::string_view name = text.substr(0, at);
  const std::string_view rest = text.substr(at + separator.size());
  for (const auto& s : schemes) {
    if (s.name != name) continue;
    if (s.kind == scheme::spawn) return wrong_address(text, "nothing follows \"spawn:\"", "spawn:");
    if (s.kind == scheme::unix_socket) return parse_unix(text, rest);
    if (s.kind == scheme::tcp) return parse_tcp(text, rest);
    if (rest.find('\0') != rest.npos) return wrong_address(text, "it contains a NUL byte", unix_example);
    // Only docker:// may stand alone: it means the engine of the current context.
    if (rest.empty() && s.kind != scheme::docker)
      return wrong_address(text, "the name after \"://\" is missing", fmt::format("{}://NAME", name));
    endpoint e;
    e.kind = s.kind;
    e.text = text;
    e.rest = rest;
    return e;
  }
  std::vector<std::string> known;
  for (const auto& s : schemes) known.emplace_back(s.name);
  return wrong_address(text, fmt::format("the scheme \"{}\" is not known{}", name.substr(0, 40), did_you_mean(name, known)),
               fmt::format("{} or tcp://HOST:PORT", unix_example));
}

}  // namespace peelbox::transport
