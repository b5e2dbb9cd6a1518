#include "cli/frontend_values.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "cli/wrong.hpp"
#include "engine/async/ascii.hpp"

namespace peelbox::cli {

namespace {

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "manifest[linux/amd64]" -> "annotation-manifest[linux/amd64]", and for a manifest of any platform "annotation".
result<std::string> annotation_prefix(std::string_view type, std::string_view whole) {
  const std::size_t bracket = type.find('[');
  const std::string_view name = type.substr(0, bracket);
  constexpr auto names = std::to_array<std::string_view>({"manifest", "index", "manifest-descriptor", "index-descriptor"});
  if (std::find(names.begin(), names.end(), name) == names.end() || (bracket != type.npos && !type.ends_with(']')))
    return wrong(fmt::format("--annotation {}: there is no type '{}'; expected {}, each with [PLATFORM] if need be", whole, type,
                             fmt::join(names, ", ")));
  std::string prefix = "annotation";
  if (name != "manifest") prefix += "-" + std::string(name);
  if (bracket != type.npos) prefix += type.substr(bracket);
  return prefix;
}

}  // namespace

result<std::map<std::string, std::string>> named_values(std::string_view flag, std::span<const std::string> texts,
                                                        const environment& missing) {
  std::map<std::string, std::string> all;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (name.empty()) return wrong(fmt::format("{} {}: the name is missing; expected NAME=VALUE", flag, text));
    if (equals != text.npos) {
      all[name] = text.substr(equals + 1);
    } else if (std::optional<std::string> value = missing(name)) {
      all[name] = std::move(*value);
    }
  }
  return all;
}

result<std::string> host_entries(std::span<const std::string> texts) {
  std::string entries;
  for (const std::string& text : texts) {
    // The reference takes either; an IPv6 address has colons too, so the first one counts.
    const std::size_t end = text.find_first_of("=:");
    const std::string host = text.substr(0, end);
    std::string address = end == text.npos ? "" : text.substr(end + 1);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') address = address.substr(1, address.size() - 2);
    if (host.empty() || address.empty()) return wrong(fmt::format("--add-host {}: expected HOST:IP, as in --add-host db:10.0.0.7", text));
    if (address == "host-gateway")
      return wrong(fmt::format("--add-host {}: host-gateway is Docker's word for an address that a BuildKit daemon does not tell; write the address", text));
    if (!is_address(address)) return wrong(fmt::format("--add-host {}: {} is no IP address", text, address));
    entries += fmt::format("{}{}={}", entries.empty() ? "" : ",", host, address);
  }
  return entries;
}

result<std::string> ulimit_entries(std::span<const std::string> texts) {
  std::string entries;
  for (const std::string& text : texts) {
    const auto refuse = [&](std::string_view why) { return wrong(fmt::format("--ulimit {}: {}; expected NAME=SOFT[:HARD], as in nofile=1024:2048", text, why)); };
    constexpr auto names = std::to_array<std::string_view>({"as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile",
                                                            "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"});
    const std::size_t equals = text.find('=');
    if (equals == text.npos) return refuse("the value is missing");
    const std::string_view name = std::string_view(text).substr(0, equals);
    if (std::find(names.begin(), names.end(), name) == names.end()) return refuse(fmt::format("there is no limit {}", name));
    const std::string_view values = std::string_view(text).substr(equals + 1);
    const std::size_t colon = values.find(':');
    const auto soft = whole_number(values.substr(0, colon));
    const auto hard = colon == values.npos ? soft : whole_number(values.substr(colon + 1));
    if (!soft || !hard) return refuse("the value is no whole number");
    if (*hard != -1 && (*soft > *hard || *soft == -1)) return refuse("the soft limit is above the hard one");
    entries += fmt::format("{}{}={}:{}", entries.empty() ? "" : ",", name, *soft, *hard);
  }
  return entries;
}

result<std::string> size_in_bytes(std::string_view flag, std::string_view text) {
  const auto refuse = [&] { return wrong(fmt::format("{} {}: expected a size such as 64m or 1g", flag, text)); };
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return refuse();
  std::string unit = lower(std::string_view(end, static_cast<std::size_t>(text.data() + text.size() - end)));
  while (unit.starts_with(' ')) unit.erase(0, 1);
  constexpr std::string_view powers = "bkmgtp";
  std::size_t power = 0;
  if (!unit.empty()) {
    power = powers.find(unit.front());
    if (power == powers.npos) return refuse();
    const std::string_view rest = std::string_view(unit).substr(1);
    if (!rest.empty() && !(power > 0 && (rest == "b" || rest == "ib"))) return refuse();
  }
  value *= std::pow(1024.0, static_cast<double>(power));
  if (value >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) return refuse();
  return fmt::format("{}", static_cast<std::int64_t>(value));
}

result<std::vector<std::pair<std::string, std::string>>> annotation_attributes(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return wrong(fmt::format("--annotation {}: expected KEY=VALUE", text));
  std::string_view key = text.substr(0, equals);
  const std::string value(text.substr(equals + 1));
  std::vector<std::string> prefixes;
  if (const std::size_t colon = key.find(':'); colon != key.npos) {
    std::string_view types = key.substr(0, colon);
    key = key.substr(colon + 1);
    while (true) {
      const std::size_t comma = types.find(',');
      result<std::string> prefix = annotation_prefix(types.substr(0, comma), text);
      if (prefix.has_error()) return prefix.error();
      prefixes.push_back(std::move(*prefix));
      if (comma == types.npos) break;
      types.remove_prefix(comma + 1);
    }
  } else {
    prefixes.emplace_back("annotation");
  }
  if (key.empty()) return wrong(fmt::format("--annotation {}: the key is missing", text));
  std::vector<std::pair<std::string, std::string>> attributes;
  for (const std::string& prefix : prefixes) attributes.emplace_back(fmt::format("{}.{}", prefix, key), value);
  return attributes;
}

bool is_remote_context(std::string_view text) {
  constexpr auto schemes = std::to_array<std::string_view>({"http://", "https://", "git://", "ssh://", "github.com/", "gitlab.com/", "bitbucket.org/"});
  if (std::any_of(schemes.begin(), schemes.end(), [text](std::string_view scheme) { return text.starts_with(scheme); })) return true;
  // As git itself writes it: user@host:path.
  const std::size_t at = text.find('@');
  const std::size_t colon = text.find(':');
  return at != text.npos && colon != text.npos && at > 0 && at < colon && text.find('/') > at;
}

}  // namespace peelbox::cli
