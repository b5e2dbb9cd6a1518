// JSON, TOML, YAML and XML as one kind of tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::data {

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

/// Bounds of whatever is parsed into such a tree.
inline constexpr std::size_t max_value_depth = 64;
inline constexpr std::size_t max_values = 500'000;

/// All members called `key`.
std::vector<const value*> all(const value& object, std::string_view key);

}  // namespace peelbox::data
