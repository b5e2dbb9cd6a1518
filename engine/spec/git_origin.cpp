#include "engine/spec/git_origin.hpp"

#include <algorithm>
#include <array>

#include "engine/async/ascii.hpp"
#include "engine/async/percent.hpp"

namespace peelbox::spec {

namespace {

/// "//a//b.git/" -> "a/b".
std::string plain_path(std::string_view path) {
  std::string out;
  for (const char c : path)
    if (c != '/' || (!out.empty() && out.back() != '/')) out += c;
  if (out.ends_with('/')) out.pop_back();
  if (out.ends_with(".git") && out.size() > 4 && out[out.size() - 5] != '/') out.resize(out.size() - 4);
  return out;
}

std::string joined(std::string_view host, std::string_view path) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string plain = plain_path(path);
  if (host.empty() || plain.empty()) return {};
  return lower(host) + "/" + plain;
}

struct scheme {
  std::string_view name;
  std::string_view port;  ///< that says nothing; "*": whichever
};
// The port of ssh tells nothing of the web server that shows the same repositories.
constexpr auto schemes = std::to_array<scheme>({{"ssh", "*"}, {"git+ssh", "*"}, {"ssh+git", "*"}, {"https", "443"},
                                                {"http", "80"}, {"git", "9418"}, {"ftp", "21"}, {"ftps", "990"}});

/// Behind "scheme://".
std::string of_authority(const scheme& how, std::string_view rest) {
  rest = rest.substr(0, rest.find_first_of("?#"));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view host = rest.substr(0, slash);
  // A password may hold an '@' that somebody forgot to escape.
  if (const std::size_t at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  const std::size_t colon = host.rfind(':');
  if (colon != host.npos && (host.front() != '[' || colon > host.find(']'))) {
    const std::string_view port = host.substr(colon + 1);
    if (port.empty() || how.port == "*" || port == how.port) host = host.substr(0, colon);
  }
  return joined(host, percent_decoded(rest.substr(slash)));
}

}  // namespace

std::string normalised_origin(std::string_view url) {
  url = trimmed(url);
  if (const std::size_t end = url.find("://"); end != url.npos) {
    const std::string name = lower(url.substr(0, end));
    const auto how = std::find_if(schemes.begin(), schemes.end(), [&](const scheme& s) { return s.name == name; });
    return how == schemes.end() ? std::string() : of_authority(*how, url.substr(end + 3));
  }
  if (url.find("::") < url.find('/') && url.find("::") < url.find('[')) return {};
  // [user@]host:path, where the host may be an address in brackets (git-clone(1)). A slash before the colon: a path.
  const std::size_t at = url.substr(0, url.find('/')).rfind('@', url.find(':'));
  std::string_view rest = at == url.npos ? url : url.substr(at + 1);
  std::size_t colon = rest.find(':');
  std::string_view host = rest.substr(0, colon);
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == rest.npos) return {};
    colon = rest.find(':', close);
    host = rest.substr(0, close + 1);
    const bool has_port = host.find(':') == host.rfind(':');  // [host:port]:path
    if (has_port) host = host.substr(1, std::min(host.find(':'), close) - 1);
  }
  if (colon == rest.npos || rest.find('/') < colon) return {};
  return joined(host, rest.substr(colon + 1));
}

}  // namespace peelbox::spec
