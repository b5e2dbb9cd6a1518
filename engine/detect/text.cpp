#include "engine/detect/text.hpp"

#include <algorithm>
#include <charconv>
#include <simdjson.h>

namespace peelbox::detect {

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string join(std::string_view dir, std::string_view name) {
  if (dir.empty()) return std::string(name);
  if (name.empty()) return std::string(dir);
  return std::string(dir) + "/" + std::string(name);
}

std::optional<std::string> resolve(std::string_view dir, std::string_view relative) {
  std::vector<std::string_view> parts;
  const auto add = [&](std::string_view text) {
    for (const std::string_view part : split(text, '/')) {
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (parts.empty()) {
        return false;
      } else {
        parts.pop_back();
      }
    }
    return true;
  };
  if (relative.starts_with('/') || !add(dir) || !add(relative)) return std::nullopt;
  std::string out;
  for (const std::string_view part : parts) out = join(out, part);
  return out;
}

bool is_inside(std::string_view path, std::string_view dir) {
  return dir.empty() || path == dir || (path.starts_with(dir) && path[dir.size()] == '/');
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    out.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    out.push_back(trim(text.substr(start, end - start)));
    start = end + 1;
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(" \t\r\n", at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
bool is_word(char c) { return is_alnum(c) || c == '_'; }

bool is_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

std::string normalised(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!contains(text, "\r")) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\n')
      while (out.ends_with('\r')) out.pop_back();
    out += c;
  }
  return out;
}

std::optional<std::string> quoted_after(std::string_view text, std::size_t at) {
  if (at > text.size()) return std::nullopt;
  const std::size_t open = text.find_first_of("\"'\n", at);
  if (open == std::string_view::npos || text[open] == '\n') return std::nullopt;
  const std::size_t close = text.find(text[open], open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  std::string out(text.substr(open + 1, close - open - 1));
  if (contains(out, "\n")) return std::nullopt;
  return out;
}

std::string first_version(std::string_view text) {
  const auto begin = std::find_if(text.begin(), text.end(), is_digit);
  auto end = begin;
  while (end != text.end() && (is_digit(*end) || (*end == '.' && end + 1 != text.end() && is_digit(end[1])))) ++end;
  return std::string(begin, end);
}

std::string version_prefix(std::string_view version, std::size_t parts) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < parts && end != std::string_view::npos; ++i)
    end = version.find('.', i == 0 ? 0 : end + 1);
  return std::string(version.substr(0, end));
}

bool version_less(std::string_view a, std::string_view b) {
  const auto left = split(a, '.');
  const auto right = split(b, '.');
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    unsigned long x = 0;
    unsigned long y = 0;
    std::from_chars(left[i].data(), left[i].data() + left[i].size(), x);
    std::from_chars(right[i].data(), right[i].data() + right[i].size(), y);
    if (x != y) return x < y;
  }
  return left.size() < right.size();
}

bool name_matches(std::string_view pattern, std::string_view name) {
  // "*.csproj" is asked for every file there is.
  if (pattern.starts_with('*') && pattern.find_first_of("*?", 1) == std::string_view::npos) return name.ends_with(pattern.substr(1));
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

namespace {

/// Row by row over the names, so the cost is names times pattern parts.
bool parts_match(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& names) {
  std::vector<bool> reached(names.size() + 1, false);
  reached[0] = true;
  for (const std::string_view part : pattern) {
    std::vector<bool> next(names.size() + 1, false);
    if (part == "**") {
      bool any = false;
      for (std::size_t i = 0; i <= names.size(); ++i) next[i] = any = any || reached[i];
    } else {
      for (std::size_t i = 0; i < names.size(); ++i) next[i + 1] = reached[i] && name_matches(part, names[i]);
    }
    reached = std::move(next);
  }
  return reached[names.size()];
}

}  // namespace

bool path_matches(std::string_view pattern, std::string_view path) {
  while (pattern.starts_with("./")) pattern.remove_prefix(2);
  while (pattern.ends_with('/')) pattern.remove_suffix(1);
  return parts_match(split(pattern, '/'), split(path, '/'));
}

std::string shell_word(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_word(c) || std::string_view("-./@:+,%=").find(c) != std::string_view::npos;
  });
  if (plain) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace peelbox::detect
