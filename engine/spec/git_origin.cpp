#include "engine/spec/git_origin.hpp"

#include <algorithm>
#include <array>

#include "engine/async/ascii.hpp"

namespace peelbox::spec {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Reads a configuration file from front to back.
class config_reader {
 public:
  explicit config_reader(std::string_view text) : rest_(text) {}

  std::string origin() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '#' || c == ';') skip_line();
      else if (c == '[') read_section();
      else if (c == '\n' || blanks.find(c) != blanks.npos) rest_.remove_prefix(1);
      else if (const auto [key, value] = read_entry(); in_origin_ && key == "url" && !value.empty()) return value;
    }
    return {};
  }

 private:
  struct entry {
    std::string key;
    std::string value;
  };

  void skip_line() { rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size())); }

  void read_section() {
    rest_.remove_prefix(1);
    std::string name;
    std::string subsection;
    bool quoted = false;
    bool has_subsection = false;
    while (!rest_.empty() && rest_.front() != '\n') {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (!quoted && c == ']') break;
      if (c == '"') {
        quoted = !quoted;
        has_subsection = true;
        continue;
      }
      if (quoted && c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      if (quoted) subsection += c;
      else if (blanks.find(c) == blanks.npos) name += to_lower(c);
    }
    in_origin_ = has_subsection ? name == "remote" && subsection == "origin" : name == "remote.origin";
  }

  entry read_entry() {
    const std::size_t end = std::min(rest_.find_first_of("=\n"), rest_.size());
    entry e{lower(trimmed(rest_.substr(0, end))), {}};
    rest_.remove_prefix(end);
    if (rest_.empty() || rest_.front() != '=') return e;
    rest_.remove_prefix(1);
    e.value = read_value();
    return e;
  }

  /// Up to the end of the line; quoted parts keep their blanks and comment signs.
  std::string read_value() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
    std::string value;
    std::size_t kept = 0;  // blanks behind it, outside of quotes, do not count
    bool quoted = false;
    while (!rest_.empty() && rest_.front() != '\n') {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        quoted = !quoted;
        kept = value.size();
        continue;
      }
      if (!quoted && (c == '#' || c == ';')) {
        skip_line();
        break;
      }
      bool plain = quoted;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '\n') continue;  // the value goes on in the next line
        if (c == 'n') c = '\n';
        if (c == 't') c = '\t';
        plain = true;
      }
      value += c;
      if (plain || blanks.find(c) == blanks.npos) kept = value.size();
    }
    value.resize(kept);
    return value;
  }

  std::string_view rest_;
  bool in_origin_ = false;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

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

std::string origin_url(std::string_view config) { return config_reader(config).origin(); }

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
