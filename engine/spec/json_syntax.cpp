#include "engine/spec/json_syntax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/async/ascii.hpp"
#include "engine/spec/json_tree.hpp"

namespace peelbox::spec {
namespace {

constexpr std::size_t longest_excerpt = 30;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
/// Characters of what people write without quotes: names, paths, versions.
bool in_word(char c) {
  return is_alnum(c) || c == '_' || c == '$' || c == '-' || c == '+' || c == '.' || c == '/' || static_cast<unsigned char>(c) >= 0x80;
}

/// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
bool is_number(std::string_view word) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < word.size() && is_digit(word[at])) ++at;
    return at - from;
  };
  if (at < word.size() && word[at] == '-') ++at;
  const bool zero = at < word.size() && word[at] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (at < word.size() && word[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < word.size() && (word[at] == 'e' || word[at] == 'E')) {
    ++at;
    if (at < word.size() && (word[at] == '+' || word[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == word.size();
}

/// The beginning of a text, on one line.
std::string excerpt(std::string_view token) {
  std::size_t size = std::min({token.find('\n'), token.size(), longest_excerpt});
  while (size > 0 && size < token.size() && (static_cast<unsigned char>(token[size]) & 0xC0) == 0x80) --size;
  return fmt::format("{}{}", token.substr(0, size), size < token.size() ? "…" : "");
}

class mistake_finder {
 public:
  explicit mistake_finder(std::string_view text) : text_(text) {}

  std::optional<json_mistake> read() {
    skip_space();
    if (here() != '{' && here() != '[' && here() != '"' && !is_digit(here()) && here() != '-')
      if (const std::string first(word()); first != "true" && first != "false" && first != "null")
        return is_comment() ? comment() : wrong("the text has to begin with { or [, as JSON does; YAML and others are not read");
    for (;;) {
      if (!value()) return found_;
      // Reads closing brackets, up to the next value of what is still open.
      for (;;) {
        skip_space();
        if (open_.empty()) return after_the_end();
        const char close = closing();
        if (here() == close) {
          ++at_;
          last_ = {at_ - 1, at_};
          open_.pop_back();
          continue;
        }
        if (here() == ',') {
          comma_ = at_++;
          if (!key_of_next()) return found_;
          break;
        }
        if (ends()) return not_closed();
        if (here() == '}' || here() == ']') return crossed();
        if (is_comment()) return comment();
        if (here() == ':') return wrong("a colon stands between a key and its value only");
        return wrong(last_.from, fmt::format("a comma is missing between {} and {}", shown(last_.from, last_.to), next_token()));
      }
    }
  }

 private:
  struct span {
    std::size_t from = 0, to = 0;
  };

  bool ends() const { return at_ >= text_.size(); }
  char here() const { return ends() ? '\0' : text_[at_]; }
  char closing() const { return text_[open_.back()] == '{' ? '}' : ']'; }
  void skip_space() {
    while (!ends() && is_space(text_[at_])) ++at_;
  }
  std::string_view word() const {
    std::size_t to = at_;
    while (to < text_.size() && in_word(text_[to])) ++to;
    return text_.substr(at_, to - at_);
  }
  bool is_comment() const { return here() == '#' || text_.substr(at_, 2) == "//" || text_.substr(at_, 2) == "/*"; }

  std::string shown(std::size_t from, std::size_t to) const { return excerpt(text_.substr(from, to - from)); }
  std::string next_token() const {
    std::size_t to = at_ + 1;
    if (here() == '"') to = std::min(text_.find('"', at_ + 1), text_.size() - 1) + 1;
    else if (in_word(here())) to = at_ + word().size();
    return shown(at_, to);
  }
  unsigned line(std::size_t offset) const { return line_of(text_, offset); }

  std::optional<json_mistake> wrong(std::size_t offset, std::string why) { return found_ = json_mistake{offset, std::move(why)}; }
  std::optional<json_mistake> wrong(std::string why) { return wrong(at_, std::move(why)); }
  bool no(std::string why) { return wrong(std::move(why)), false; }
  std::optional<json_mistake> comment() { return wrong("JSON has no comments"); }
  std::optional<json_mistake> not_closed() {
    return wrong(open_.back(), fmt::format("the {} of this line is not closed", text_[open_.back()]));
  }
  std::optional<json_mistake> crossed() {
    return wrong(fmt::format("the {} of line {} is closed by {}", text_[open_.back()], line(open_.back()), here()));
  }
  std::optional<json_mistake> after_the_end() {
    if (ends()) return std::nullopt;
    if (here() == '}' || here() == ']') return wrong(fmt::format("one {} too many", here()));
    if (is_comment()) return comment();
    if (here() == '{' || here() == ',') return wrong("several services have to stand in an array: [ { … }, { … } ]");
    return wrong(fmt::format("there is more text after the end of the JSON value: {}", next_token()));
  }

  /// After an opening bracket or a comma: the key of an object's next member with its colon; nothing in an array.
  bool key_of_next() {
    skip_space();
    if (!ends() && here() == closing() && comma_) return wrong(*comma_, fmt::format("remove the comma before {}", here())), false;
    if (text_[open_.back()] == '[') return true;
    if (ends()) return not_closed(), false;
    if (here() == ']') return crossed(), false;
    if (here() == ',') return no("there is nothing between two commas");
    if (here() == '\'') return no("a key has double quotes (\"), not single ones");
    if (is_comment()) return comment(), false;
    if (here() != '"')
      return no(in_word(here()) ? fmt::format("a key has double quotes: \"{}\"", next_token()) : "a key in double quotes is expected here");
    const std::size_t from = at_;
    if (!string()) return false;
    const std::size_t to = at_;
    skip_space();
    if (here() != ':') return wrong(from, fmt::format("a colon and a value are missing after {}", shown(from, to))), false;
    ++at_;
    return true;
  }

  /// Reads a value up to its first scalar, or up to its end when it has none.
  bool value() {
    for (;;) {
      skip_space();
      const std::size_t from = at_;
      if (ends()) return open_.empty() ? no("a value is expected here") : (not_closed(), false);
      switch (here()) {
        case '{':
        case '[':
          open_.push_back(at_++);
          comma_.reset();
          skip_space();
          if (!ends() && here() == closing()) {
            open_.pop_back();
            last_ = {at_, at_ + 1};
            ++at_;
            return true;
          }
          if (!key_of_next()) return false;
          continue;
        case '"':
          if (!string()) return false;
          last_ = {from, at_};
          return true;
        case '\'': return no("a string has double quotes (\"), not single ones");
        case ',': return no("a value is missing before the comma");
        case ':': return no("a value is expected here, not a colon");
        case ']':
        case '}':
          return no(fmt::format("a value is missing before {}", here()));
        default: break;
      }
      if (is_comment()) return comment(), false;
      const std::string_view token = word();
      if (token.empty()) return no(fmt::format("a value is expected here, not {}", next_token()));
      if (token != "true" && token != "false" && token != "null" && !is_number(token)) return no(what_instead(token));
      at_ += token.size();
      last_ = {from, at_};
      return true;
    }
  }

  static std::string what_instead(std::string_view token) {
    const std::string small = lower(token);
    if (small == "true" || small == "false" || small == "null") return fmt::format("{} is written {}", token, small);
    if (small == "none" || small == "nil" || small == "undefined") return fmt::format("{} is written null", token);
    if (small == "yes" || small == "on") return fmt::format("{} is written true", token);
    if (small == "no" || small == "off") return fmt::format("{} is written false", token);
    const std::string text = excerpt(token);
    if (is_digit(token[0]) || token[0] == '+' || token[0] == '-' || token[0] == '.')
      return fmt::format("{} is not a number; a string has double quotes: \"{}\"", text, text);
    return fmt::format("a string has double quotes: \"{}\"", text);
  }

  bool string() {
    const std::size_t from = at_++;
    for (; !ends(); ++at_) {
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (c == '\n' || c == '\r') break;
      if (static_cast<unsigned char>(c) < 0x20)
        return no(c == '\t' ? std::string("a string has a tab in it; write \\t")
                            : fmt::format("a string has a control character in it; write \\u{:04x}", static_cast<unsigned>(c)));
      if (c != '\\') continue;
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (next == 'u') {
        for (std::size_t i = at_ + 2; i < at_ + 6; ++i)
          if (i >= text_.size() || !is_hex(text_[i])) return no("\\u needs four hexadecimal digits after it");
        at_ += 5;
      } else if (next != '\0' && std::string_view("\"\\/bfnrt").find(next) != std::string_view::npos) {
        ++at_;
      } else if (static_cast<unsigned char>(next) > ' ' && static_cast<unsigned char>(next) < 0x7f) {
        return no(fmt::format("\\{} means nothing in a JSON string; for the backslash itself write \\\\", next));
      } else {
        return no("a backslash in a JSON string is written \\\\");
      }
    }
    return wrong(from, fmt::format("the string {} is not closed on its line", shown(from, at_))), false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::size_t> open_;     // offsets of the brackets that are open
  std::optional<std::size_t> comma_;  // the one before at_, in the innermost of them
  span last_;                         // the value that was read last
  std::optional<json_mistake> found_;
};

}  // namespace

std::optional<json_mistake> find_json_mistake(std::string_view text) { return mistake_finder(text).read(); }

}  // namespace peelbox::spec
