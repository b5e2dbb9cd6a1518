#include <fmt/format.h>
// toml++ asserts things that malformed text can break, and in release builds lets the compiler assume them. Here each is
// an error of the text. No other file includes toml++.
namespace peelbox::detect {
struct toml_assertion {};
[[noreturn]] void fail_toml_assertion();
}  // namespace peelbox::detect
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? void() : peelbox::detect::fail_toml_assertion())
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "engine/detect/value.hpp"

namespace peelbox::detect {

void fail_toml_assertion() { throw toml_assertion(); }

namespace {

/// a.b.c = 1 makes a table in a table, as deep as the key has dots; toml++ bounds brackets only, and what is deep
/// enough overflows the stack when it is destroyed. So keys are counted before: text in strings and comments is not.
bool keys_are_short(std::string_view text) {
  constexpr std::size_t most = 16;
  std::size_t dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      dots = 0;
    } else if (c == '"' || c == '\'') {
      const std::string triple(3, c);
      if (text.substr(i).starts_with(triple)) {
        for (i += 3; i < text.size() && !text.substr(i).starts_with(triple); ++i)
          if (c == '"' && text[i] == '\\') ++i;
        // Up to two quotes before the closing three belong to the text.
        i += 2;
        for (int more = 0; more < 2 && i + 1 < text.size() && text[i + 1] == c; ++more) ++i;
        continue;
      }
      for (++i; i < text.size() && text[i] != c && text[i] != '\n'; ++i)
        if (c == '"' && text[i] == '\\') ++i;
    } else if (c == '.') {
      if (++dots > most) return false;
    } else if (std::string_view("=,[]{}\n").find(c) != std::string_view::npos) {
      dots = 0;
    }
  }
  return true;
}

bool convert(const toml::node& from, std::size_t depth, value& out) {
  if (depth > max_value_depth) return false;
  if (const auto* table = from.as_table()) {
    out.type = value::kind::object;
    for (const auto& [key, member] : *table) {
      out.members.push_back({std::string(key.str()), value()});
      if (!convert(member, depth + 1, out.members.back().content)) return false;
    }
  } else if (const auto* array = from.as_array()) {
    out.type = value::kind::array;
    for (const toml::node& item : *array)
      if (!convert(item, depth + 1, out.items.emplace_back())) return false;
  } else if (const auto* text = from.as_string()) {
    out.type = value::kind::string;
    out.text = text->get();
  } else if (const auto* boolean = from.as_boolean()) {
    out.type = value::kind::boolean;
    out.text = boolean->get() ? "true" : "false";
  } else {
    out.type = value::kind::number;
    std::ostringstream number;
    from.visit([&](const auto& n) {
      if constexpr (toml::is_value<decltype(n)>) number << n.get();
    });
    out.text = number.str();
  }
  return true;
}

}  // namespace

result<value> parse_toml(std::string_view text) {
  const auto too_deep = [] { return failure(errc::limit, "TOML: nested too deep", origin::user); };
  if (!keys_are_short(text)) return too_deep();
  // toml++ limits brackets (TOML_MAX_NESTED_VALUES), and a value takes a byte of text at least.
  try {
    value out;
    if (!convert(toml::parse(text), 0, out)) return too_deep();
    return out;
  } catch (const toml::parse_error& error) {
    return failure(errc::usage, fmt::format("TOML:{}: {}", error.source().begin.line, error.description()),
                   origin::user);
  } catch (const toml_assertion&) {
    return failure(errc::usage, "TOML: a key or value is malformed", origin::user);
  }
}

}  // namespace peelbox::detect
