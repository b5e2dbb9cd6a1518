#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>

#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

value converted(const toml::node& from) {
  value out;
  if (const auto* table = from.as_table()) {
    out.type = value::kind::object;
    for (const auto& [key, member] : *table) out.members.push_back({std::string(key.str()), converted(member)});
  } else if (const auto* array = from.as_array()) {
    out.type = value::kind::array;
    for (const toml::node& item : *array) out.items.push_back(converted(item));
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
  return out;
}

}  // namespace

result<value> parse_toml(std::string_view text) {
  // toml++ limits the depth itself (TOML_MAX_NESTED_VALUES), and a value takes a byte of text at least.
  try {
    return converted(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return failure(errc::usage, fmt::format("TOML:{}: {}", error.source().begin.line, error.description()),
                   origin::user);
  }
}

}  // namespace peelbox::detect
