#include "engine/filesync/path_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace peelbox::filesync {

int compare_paths(std::string_view a, std::string_view b) noexcept {
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (differ.first == a.end()) return differ.second == b.end() ? 0 : -1;
  if (differ.second == b.end()) return 1;
  const auto rank = [](char c) { return c == '/' ? -1 : static_cast<int>(static_cast<unsigned char>(c)); };
  return rank(*differ.first) - rank(*differ.second);
}

std::optional<std::string_view> path_problem(std::string_view path) noexcept {
  if (path.empty()) return "it is empty";
  if (path.front() == '/') return "it is absolute";
  if (path.find('\0') != path.npos) return "it contains a zero byte";
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    if (name.empty()) return "it has an empty name in it";
    if (name == ".") return "it has '.' in it";
    if (name == "..") return "it leads out of its directory with '..'";
    begin = end + 1;
  }
  return std::nullopt;
}

std::string_view parent_path(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

std::string_view base_name(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

bool is_below(std::string_view path, std::string_view dir) noexcept {
  if (dir.empty()) return true;
  return path.size() > dir.size() && path[dir.size()] == '/' && path.starts_with(dir);
}

std::string join_path(std::string_view dir, std::string_view name) {
  std::string path;
  path.reserve(dir.size() + 1 + name.size());
  path += dir;
  if (!dir.empty()) path += '/';
  path += name;
  return path;
}

std::string clean_path(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> names;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty() || name == ".") continue;
    if (name == ".." && !names.empty() && names.back() != "..") {
      names.pop_back();
    } else if (name != ".." || !rooted) {
      names.push_back(name);
    }
  }
  std::string clean(rooted ? "/" : "");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) clean += '/';
    clean += names[i];
  }
  return clean.empty() ? "." : clean;
}

std::string in_quotes(std::string_view path) {
  std::string text = "'";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  text += '\'';
  return text;
}

}  // namespace peelbox::filesync
