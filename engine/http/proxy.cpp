#include "engine/http/proxy.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/async/ascii.hpp"
#include "engine/async/percent.hpp"

namespace peelbox::http {
namespace {

std::string variable(const environment& variables, std::string_view first, std::string_view second) {
  if (auto value = variables(first); value && !value->empty()) return *value;
  return variables(second).value_or("");
}

/// An IPv4 or IPv6 address as its 4 or 16 bytes; empty for a name.
std::string address_of(const std::string& host) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
  return {};
}

bool is_loopback(const std::string& address) {
  return address.size() == 4 ? address[0] == 127 : address == address_of("::1");
}

/// "10.0.0.0/8".
bool in_network(const std::string& address, std::string_view network) {
  const auto slash = network.find('/');
  const std::string of = address_of(std::string(network.substr(0, slash)));
  std::size_t bits = 0;
  const std::string_view digits = network.substr(slash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  if (of.size() != address.size() || bits > 8 * of.size()) return false;
  if (!std::equal(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(bits / 8), address.begin())) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const unsigned difference = static_cast<unsigned char>(of[bits / 8]) ^ static_cast<unsigned char>(address[bits / 8]);
  return difference >> (8 - rest) == 0;
}

/// One entry of NO_PROXY.
bool covers(std::string entry, const origin_address& to, const std::string& address) {
  if (entry == "*") return true;
  if (!address.empty() && entry.find('/') != entry.npos) return in_network(address, entry);
  // A port, which an IPv6 address may carry only behind brackets.
  const bool bracketed = entry.starts_with('[');
  const auto colon = entry.rfind(':');
  if (colon != entry.npos && (bracketed ? entry[colon - 1] == ']' : entry.find(':') == colon)) {
    if (entry.substr(colon + 1) != std::to_string(to.port)) return false;
    entry.resize(colon);
  }
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  if (entry.starts_with("*.")) entry.erase(0, 1);
  if (entry.empty()) return false;
  if (!address.empty()) return address_of(entry) == address;
  if (entry.starts_with('.')) return to.host.ends_with(entry);
  return to.host == entry || to.host.ends_with("." + entry);
}

bool goes_directly(const origin_address& to, std::string_view no_proxy) {
  const std::string address = address_of(to.host);
  if (to.host == "localhost" || (!address.empty() && is_loopback(address))) return true;
  while (!no_proxy.empty()) {
    const auto end = no_proxy.find(',');
    std::string_view entry = no_proxy.substr(0, end);
    no_proxy = end == no_proxy.npos ? std::string_view() : no_proxy.substr(end + 1);
    while (!entry.empty() && (entry.front() == ' ' || entry.front() == '\t')) entry.remove_prefix(1);
    while (!entry.empty() && (entry.back() == ' ' || entry.back() == '\t')) entry.remove_suffix(1);
    if (!entry.empty() && covers(lower(entry), to, address)) return true;
  }
  return false;
}

}  // namespace

result<std::optional<proxy>> find_proxy(const origin_address& to, const environment& variables) {
  const std::string name = to.tls ? "HTTPS_PROXY" : "HTTP_PROXY";
  if (!to.tls && variables("REQUEST_METHOD").has_value() && !variables("http_proxy").has_value())
    return std::optional<proxy>();
  std::string text = variable(variables, lower(name), name);
  if (text.empty() || goes_directly(to, variable(variables, "no_proxy", "NO_PROXY"))) return std::optional<proxy>();
  if (text.find("://") == text.npos) text.insert(0, "http://");
  std::string credentials;
  const auto begin = text.find("://") + 3;
  const auto end = std::min(text.find_first_of("/?#", begin), text.size());
  if (const auto at = text.rfind('@', end); at != text.npos && at >= begin && at < end) {
    credentials = percent_decoded(std::string_view(text).substr(begin, at - begin));
    text.erase(begin, at + 1 - begin);
  }
  auto where = parse_url(text);
  if (where.has_error())
    return failure(errc::usage, fmt::format("environment variable {}: it has to be an http:// or https:// URL", name),
                   origin::user);
  return std::optional<proxy>(proxy{std::move(where->where), std::move(credentials)});
}

}  // namespace peelbox::http
