#include "cli/template_parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cli/wrong.hpp"
#include "engine/async/ascii.hpp"
#include "engine/async/closest.hpp"

namespace peelbox::cli {
namespace {

constexpr std::string_view template_blanks = " \t\r\n";
/// An index that people write has fewer digits, and it fits in every integer.
constexpr std::size_t most_digits = 9;

bool is_blank(char c) { return template_blanks.find(c) != template_blanks.npos; }
/// Of names; as in Go, letters of all languages are letters.
bool begins_name(char c) { return is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool is_of_name(char c) { return begins_name(c) || is_digit(c); }

struct template_function {
  std::string_view name;
  std::size_t least;
  std::size_t most;
  std::string_view usage;
};
constexpr std::size_t any_number = most_template_bytes;
constexpr std::array<template_function, 4> template_functions{{{"json", 1, 1, "{{json .Field}}"},
                                                               {"index", 2, any_number, "{{index .Field \"key\"}}"},
                                                               {"len", 1, 1, "{{len .Field}}"},
                                                               {"println", 0, any_number, "{{println .Field}}"}}};

const template_function* find_function(std::string_view name) {
  for (const template_function& one : template_functions)
    if (one.name == name) return &one;
  return nullptr;
}

class template_parser {
 public:
  explicit template_parser(std::string_view text) : text_(text) {}

  result<std::vector<template_piece>> run() {
    std::vector<template_piece> pieces;
    bool trims = false;
    while (at_ < text_.size()) {
      const std::size_t open = std::min(text_.find("{{", at_), text_.size());
      std::string_view literal = text_.substr(at_, open - at_);
      if (trims) literal.remove_prefix(std::min(literal.find_first_not_of(template_blanks), literal.size()));
      opened_ = open;
      at_ = std::min(open + 2, text_.size());
      if (at_ + 1 < text_.size() && text_[at_] == '-' && is_blank(text_[at_ + 1])) {
        literal = literal.substr(0, literal.find_last_not_of(template_blanks) + 1);
        ++at_;
      }
      template_piece piece{std::string(literal), std::nullopt};
      if (open < text_.size()) {
        auto term = pipeline(0);
        if (term.has_error()) return term.error();
        if (!at_end()) return unexpected();
        trims = peek() == '-';
        at_ += trims ? 3 : 2;
        piece.printed = std::move(*term);
      }
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(template_blanks, at_), text_.size()); }
  bool at_end() const {
    const std::string_view rest = text_.substr(at_);
    return rest.starts_with("}}") || (rest.starts_with("-}}") && at_ > 0 && is_blank(text_[at_ - 1]));
  }
  bool begins_field() const { return peek() == '.' && at_ + 1 < text_.size() && begins_name(text_[at_ + 1]); }
  bool ends_command() const { return at_end() || peek() == '|' || peek() == ')'; }

  failure fail(std::size_t at, std::string_view why) const { return wrong_template(text_, at, why); }
  failure unexpected() const {
    if (at_ >= text_.size()) return fail(opened_, "no }} follows to this {{");
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("$") || rest.starts_with(":=")) return fail(at_, "variables are not possible");
    if (rest.starts_with("/*")) return fail(at_, "comments are not possible");
    if (rest.starts_with(")")) return fail(at_, "no ( is open here");
    std::size_t length = 1;
    while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0) == 0x80) ++length;
    return fail(at_, fmt::format("\"{}\" is not expected here", rest.substr(0, length)));
  }

  std::string name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_of_name(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  /// Values, each given to the next function as its last argument.
  result<template_term> pipeline(std::size_t depth) {
    if (depth > most_template_depth) return fail(at_, fmt::format("parentheses are more than {} deep", most_template_depth));
    result<template_term> made = command(depth);
    if (made.has_error()) return made;
    if (auto fine = check(*made); fine.has_error()) return fine.error();
    for (std::size_t steps = 1; peek() == '|'; ++steps) {
      if (steps > most_template_depth) return fail(at_, fmt::format("more than {} pipes in a row", most_template_depth));
      ++at_;
      skip_blanks();
      const std::size_t at = at_;
      result<template_term> next = command(depth);
      if (next.has_error()) return next;
      if (next->what != template_term::kind::call || !next->fields.empty()) return fail(at, "a function has to follow to |, such as json");
      next->arguments.push_back(std::move(*made));
      if (auto fine = check(*next); fine.has_error()) return fine.error();
      made = std::move(next);
    }
    return made;
  }

  result<void> check(const template_term& term) const {
    const template_function* function = term.what == template_term::kind::call ? find_function(term.text) : nullptr;
    if (function == nullptr || (term.arguments.size() >= function->least && term.arguments.size() <= function->most)) return {};
    const std::size_t count = term.arguments.size();
    return fail(term.at, fmt::format("{} with {} value{}; it is written {}", term.text, count, count == 1 ? "" : "s", function->usage));
  }

  result<template_term> command(std::size_t depth) {
    skip_blanks();
    if (at_ < text_.size() && ends_command()) return fail(at_, "a value is missing here, such as .Name");
    if (!begins_name(peek())) {
      result<template_term> one = operand(depth);
      if (one.has_error()) return one;
      skip_blanks();
      if (!ends_command()) return unexpected();
      return one;
    }
    template_term call;
    call.what = template_term::kind::call;
    call.at = at_;
    call.text = name();
    if (find_function(call.text) == nullptr) return fail(call.at, unknown(call.text));
    for (skip_blanks(); !ends_command(); skip_blanks()) {
      if (begins_name(peek())) {
        const std::size_t at = at_;
        return fail(at, fmt::format("put ( ) around {} and its values", name()));
      }
      result<template_term> one = operand(depth);
      if (one.has_error()) return one;
      call.arguments.push_back(std::move(*one));
    }
    return call;
  }

  static std::string unknown(const std::string& called) {
    std::vector<std::string> names;
    for (const template_function& one : template_functions) names.emplace_back(one.name);
    return fmt::format("{} is not possible{}. There are json, index, len and println; for conditions, loops and other forms give "
                       "{{{{json …}}}} to jq", called, did_you_mean(called, names));
  }

  result<template_term> operand(std::size_t depth) {
    template_term made;
    made.at = at_;
    const char first = peek();
    if (first == '.') {
      if (!begins_field()) {
        ++at_;
        return made;
      }
    } else if (first == '"' || first == '`') {
      result<std::string> text = first == '"' ? quoted() : raw();
      if (text.has_error()) return text.error();
      made.what = template_term::kind::text;
      made.text = std::move(*text);
    } else if (is_digit(first)) {
      made.what = template_term::kind::number;
      for (; is_digit(peek()); ++at_) {
        if (at_ - made.at >= most_digits) return fail(made.at, "this number is too large");
        made.number = made.number * 10 + static_cast<std::uint64_t>(peek() - '0');
      }
    } else if (first == '(') {
      const std::size_t open = at_++;
      result<template_term> inner = pipeline(depth + 1);
      if (inner.has_error()) return inner;
      if (peek() != ')') return at_ < text_.size() && at_end() ? fail(open, "no ) follows to this (") : unexpected();
      ++at_;
      made = std::move(*inner);
    } else {
      return unexpected();
    }
    while (begins_field()) {
      const std::size_t at = at_++;
      made.fields.push_back({name(), at});
    }
    return made;
  }

  result<std::string> raw() {
    const std::size_t end = text_.find('`', at_ + 1);
    if (end == text_.npos) return fail(at_, "no ` follows to this `");
    std::string inside(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return inside;
  }

  result<std::string> quoted() {
    std::string inside;
    const std::size_t open = at_++;
    for (; peek() != '"'; ++at_) {
      if (at_ >= text_.size() || peek() == '\n') return fail(open, "no \" follows to this \"");
      if (peek() != '\\') {
        inside.push_back(peek());
        continue;
      }
      constexpr std::string_view written = "ntr\"\\", meant = "\n\t\r\"\\";
      ++at_;
      const std::size_t which = at_ < text_.size() ? written.find(peek()) : written.npos;
      if (which == written.npos) return fail(at_ - 1, "after \\ only n, t, r, \" and \\ are possible; `…` takes everything as it is");
      inside.push_back(meant[which]);
    }
    ++at_;
    return inside;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t opened_ = 0;
};

}  // namespace

failure wrong_template(std::string_view text, std::size_t at, std::string_view why) {
  const std::string_view before = text.substr(0, at);
  // Characters of UTF-8, by their first bytes.
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const auto column = 1 + std::count_if(before.begin(), before.end(), begins);
  return wrong(fmt::format("--format, column {}: {}", column, why));
}

result<format_template> parse_template(std::string_view text) {
  if (text.size() > most_template_bytes)
    return wrong(fmt::format("--format: {} bytes; at most {} are possible", text.size(), most_template_bytes));
  result<std::vector<template_piece>> pieces = template_parser(text).run();
  if (pieces.has_error()) return pieces.error();
  return format_template{std::string(text), std::move(*pieces)};
}

}  // namespace peelbox::cli
