// JSON as a tree that knows where each value stands in the text, for messages with line numbers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::spec {

struct json_member;

struct json_value {
  enum class kind { null, boolean, number, string, array, object };

  kind type = kind::null;
  std::size_t offset = 0;  ///< in the parsed text
  std::string text;        ///< the string, or the token of a number or boolean
  std::vector<json_value> items;
  std::vector<json_member> members;  ///< in the order of the text, duplicates included
};

struct json_member {
  std::string key;
  std::size_t offset = 0;  ///< of the key
  json_value value;
};

struct json_limits {
  std::size_t bytes;
  std::size_t depth;
  std::size_t values;
};

/// Strict RFC 8259; a UTF-8 byte order mark is skipped. errc::usage with "name:line: …", errc::limit
/// beyond the limits.
result<json_value> parse_json(std::string_view text, std::string_view name, const json_limits& limits);

/// From 1.
unsigned line_of(std::string_view text, std::size_t offset);

}  // namespace peelbox::spec
