// JSON, TOML, YAML and XML as one kind of tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::detect {

struct value_member;

struct value {
  enum class kind { null, boolean, number, string, array, object };

  kind type = kind::null;
  std::string text;  ///< of a scalar: "true", "3.11", "abc"
  std::vector<value> items;
  std::vector<value_member> members;  ///< first come, first found

  bool is(kind k) const noexcept { return type == k; }
  /// The member, or an empty value.
  const value& operator[](std::string_view key) const;
  bool has(std::string_view key) const;
  /// The texts of an array's scalars; a scalar counts as an array of one.
  std::vector<std::string> texts() const;
};

struct value_member {
  std::string key;
  value content;
};

/// All parsers: failure{usage} says what is wrong and on which line; the tree is at most 64 deep and has at most
/// 500,000 values (failure{limit}).
inline constexpr std::size_t max_value_depth = 64;
inline constexpr std::size_t max_values = 500'000;

/// Also with // and /* */ comments and trailing commas, as deno.jsonc and tsconfig.json have them.
result<value> parse_json(std::string_view text);
result<value> parse_toml(std::string_view text);
/// The first document.
result<value> parse_yaml(std::string_view text);
/// The document is an object with the root element; an element is an object with "#text", attributes as "@name" and
/// its children in order, repeated where they repeat. Namespaces prefixes stay. No entities but the five of XML.
result<value> parse_xml(std::string_view text);

/// All members called `key`.
std::vector<const value*> all(const value& object, std::string_view key);

}  // namespace peelbox::detect
