#include "engine/http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "engine/async/ascii.hpp"

namespace peelbox::http {
namespace {

constexpr std::size_t longest_url = 8192;

failure wrong(std::string_view text, std::string_view why) {
  return failure(errc::usage, fmt::format("\"{}\" is not a URL: {}; expected for example https://example.org/file", text.substr(0, 200), why), origin::user);
}

/// Only what may stand in a request line; the rest would have to be percent-encoded by whoever made the URL.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != 0x7f; });
}

result<origin_address> parse_authority(bool tls, std::string_view authority, std::string_view text) {
  if (authority.find('@') != authority.npos)
    return failure(errc::usage, "user names and passwords in a URL are not supported: they would show up in messages and process lists", origin::user);
  origin_address where{tls, {}, static_cast<std::uint16_t>(tls ? 443 : 80)};
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == authority.npos) return wrong(text, "the bracket of its address is not closed");
    where.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const auto colon = authority.find(':');
    where.host = authority.substr(0, colon);
    if (colon != authority.npos) port = authority.substr(colon);
  }
  if (where.host.empty()) return wrong(text, "it names no host");
  where.host = lower(where.host);
  if (port.empty() || port == ":") return where;
  port.remove_prefix(1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number == 0 || number > 65535)
    return wrong(text, "its port is not a number from 1 to 65535");
  where.port = static_cast<std::uint16_t>(number);
  return where;
}

/// "/a/./b/../c" -> "/a/c" (RFC 3986, 5.2.4).
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool folder = false;  // the path ends with one
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto end = rest.find('/');
    const std::string_view segment = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end);
    folder = segment == "." || segment == ".." || (segment.empty() && rest.empty());
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != "." && !folder) {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  if (folder || out.empty()) out += '/';
  return out;
}

}  // namespace

std::string origin_address::host_header() const {
  std::string out = host.find(':') == host.npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) out += fmt::format(":{}", port);
  return out;
}

std::string origin_address::text() const { return (tls ? "https://" : "http://") + host_header(); }

result<url> parse_url(std::string_view text) {
  if (text.size() > longest_url) return wrong(text, "it is too long");
  if (!is_plain(text)) return wrong(text, "it holds a blank or a control character");
  const auto after = text.find("://");
  if (after == text.npos) return wrong(text, "it has to begin with https:// or http://");
  const std::string scheme = lower(text.substr(0, after));
  if (scheme != "http" && scheme != "https") return wrong(text, "only https:// and http:// are possible");
  std::string_view rest = text.substr(after + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  auto where = parse_authority(scheme == "https", rest.substr(0, end), text);
  if (where.has_error()) return where.error();
  std::string target(rest.substr(end));
  if (!target.starts_with('/')) target.insert(0, "/");
  return url{std::move(*where), std::move(target)};
}

result<url> resolve(const url& from, std::string_view reference) {
  if (!is_plain(reference)) return wrong(reference, "it holds a blank or a control character");
  reference = reference.substr(0, reference.find('#'));
  const auto colon = reference.find("://");
  if (colon != reference.npos && colon < reference.find_first_of("/?")) return parse_url(reference);
  if (reference.starts_with("//"))
    return parse_url((from.where.tls ? "https:" : "http:") + std::string(reference));
  if (reference.size() > longest_url) return wrong(reference, "it is too long");
  if (reference.empty()) return from;
  const std::string_view base = std::string_view(from.target).substr(0, from.target.find('?'));
  const auto question = reference.find('?');
  const std::string_view path = reference.substr(0, question);
  const std::string_view query = question == reference.npos ? std::string_view() : reference.substr(question);
  std::string target;
  if (path.empty()) target = base;
  else if (path.starts_with('/')) target = without_dots(path);
  else target = without_dots(std::string(base.substr(0, base.rfind('/') + 1)) + std::string(path));
  target += query;
  return url{from.where, std::move(target)};
}

}  // namespace peelbox::http
