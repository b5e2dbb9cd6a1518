#include "engine/filesync/git_config.hpp"

#include <algorithm>
#include <utility>

#include "engine/async/ascii.hpp"

namespace peelbox::filesync {

namespace {

constexpr char end = '\0';

class config_reader {
 public:
  explicit config_reader(std::string_view text) : rest_(text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }

  using item = git_config_item;
  /// std::nullopt at the end, and at what git would refuse.
  std::optional<item> next() {
    while (true) {
      const char c = take();
      if (c == end) return std::nullopt;
      if (is_blank(c) || c == '\n') continue;
      if (c == '#' || c == ';') {
        skip_line();
      } else if (c == '[') {
        if (!read_section()) return std::nullopt;
      } else {
        return read_item(c);
      }
    }
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }
  static bool is_name(char c) { return is_alnum(c) || c == '-'; }

  char peek() const { return rest_.empty() ? end : rest_.front(); }
  char take() {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
    const char c = peek();
    if (!rest_.empty()) rest_.remove_prefix(1);
    return c;
  }
  void skip_line() { rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size())); }

  bool read_section() {
    section_.clear();
    bool quoted = false;
    while (true) {
      char c = take();
      if (c == end || c == '\n') return false;
      if (c == '\\' && quoted) c = take();
      else if (c == '"') quoted = !quoted;
      else if (c == ']' && !quoted) break;
      section_ += c;
    }
    section_ = lower(section_);
    return true;
  }

  std::optional<item> read_item(char first) {
    item found{section_, std::string(1, first), "true"};
    while (is_name(peek())) found.key += take();
    found.key = lower(found.key);
    char c = take();
    while (is_blank(c)) c = take();
    if (c == '\n' || c == end) return found;
    if (c != '=' || !read_value(found.value)) return std::nullopt;
    return found;
  }

  bool read_value(std::string& value) {
    value.clear();
    bool quoted = false;
    std::string blanks;
    for (char c = take(); c != end && (c != '\n' || quoted); c = take()) {
      if (c == '\n') return false;
      if (is_blank(c) && !quoted) {
        if (!value.empty()) blanks += c;
        continue;
      }
      if ((c == '#' || c == ';') && !quoted) {
        skip_line();
        continue;
      }
      value += std::exchange(blanks, {});
      if (c == '"') {
        quoted = !quoted;
      } else if (c != '\\') {
        value += c;
      } else if (const char escaped = take(); escaped == '"' || escaped == '\\') {
        value += escaped;
      } else if (escaped == 'n' || escaped == 't' || escaped == 'b') {
        value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : '\b';
      } else if (escaped != '\n') {
        return false;
      }
    }
    return !quoted;
  }

  std::string_view rest_;
  std::string section_;
};

}  // namespace

std::optional<std::string> git_config_value(std::string_view text, std::string_view section, std::string_view key) {
  std::optional<std::string> value;
  config_reader reader(text);
  while (auto item = reader.next())
    if (item->section == section && item->key == key) value = std::move(item->value);
  return value;
}

std::vector<git_config_item> git_config_items(std::string_view text) {
  std::vector<git_config_item> items;
  config_reader reader(text);
  while (auto item = reader.next()) items.push_back(std::move(*item));
  return items;
}

}  // namespace peelbox::filesync
