// A slow, obviously correct implementation of the pattern rules, to compare the fast one with.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::filesync::test {

/// One pattern; ASCII without classes, as the random patterns are. Regular expressions go to std::regex.
struct slow_pattern {
  std::string text;
  bool negated = false;
  enum { exact, prefix, suffix, regex } type = exact;
  std::regex expression;

  explicit slow_pattern(std::string p) {
    if (p.starts_with('!')) {
      negated = true;
      p.erase(0, 1);
    }
    text = p;
    std::string re;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const std::size_t begin = i;
      if (p[i] == '*' && i + 1 < p.size() && p[i + 1] == '*') {
        ++i;
        if (i + 1 < p.size() && p[i + 1] == '/') ++i;
        if (i + 1 == p.size()) {
          if (type == exact) {
            type = prefix;
          } else {
            re += ".*";
            type = regex;
          }
        } else {
          re += "(.*/)?";
          type = regex;
        }
        if (begin == 0) type = suffix;
      } else if (p[i] == '*') {
        re += "[^/]*";
        type = regex;
      } else if (p[i] == '?') {
        re += "[^/]";
        type = regex;
      } else {
        if (p[i] == '.') re += '\\';
        re += p[i];
      }
    }
    if (type == regex) expression = std::regex(re);
  }

  bool matches(const std::string& path) const {
    switch (type) {
      case exact:
        return path == text;
      case prefix:
        return path.starts_with(text.substr(0, text.size() - 2));
      case suffix: {
        const std::string rest = text.substr(2);
        return path.ends_with(rest) || (rest.starts_with('/') && path == rest.substr(1));
      }
      case regex:
        return std::regex_match(path, expression);
    }
    return false;
  }
};

struct slow_patterns {
  std::vector<slow_pattern> all;

  explicit slow_patterns(const std::vector<std::string>& lines) {
    for (const auto& line : lines) all.emplace_back(line);
  }

  /// `parent`: what the parent's call left in its `info`; std::nullopt for top-level paths.
  bool matches(const std::string& path, const std::optional<std::vector<bool>>& parent,
               std::vector<bool>& info) const {
    bool matched = false;
    info.assign(all.size(), false);
    for (std::size_t i = 0; i < all.size(); ++i) {
      bool m = parent && (*parent)[i];
      if (!m) {
        if (all[i].negated != matched) continue;
        m = all[i].matches(path);
        if (!m && !parent) {
          for (std::size_t slash = path.find('/'); slash != path.npos && !m;
               slash = path.find('/', slash + 1)) {
            m = all[i].matches(path.substr(0, slash));
          }
        }
      }
      info[i] = m;
      if (m) matched = !all[i].negated;
    }
    return matched;
  }
};

}  // namespace peelbox::filesync::test
