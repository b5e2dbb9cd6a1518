// JSON, TOML and XML as the trees of data/value.
#pragma once

#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/data/value.hpp"
#include "engine/data/yaml.hpp"

namespace peelbox::detect {

using data::all;
using data::max_value_depth;
using data::max_values;
using data::parse_yaml;
using data::value;
using data::value_member;

/// All parsers: failure{usage} says what is wrong and on which line; failure{limit} beyond the bounds of data/value.
///
/// Also with // and /* */ comments and trailing commas, as deno.jsonc and tsconfig.json have them.
result<value> parse_json(std::string_view text);
result<value> parse_toml(std::string_view text);
/// The document is an object with the root element; an element is an object with "#text", attributes as "@name" and
/// its children in order, repeated where they repeat. Namespaces prefixes stay. No entities but the five of XML.
result<value> parse_xml(std::string_view text);

}  // namespace peelbox::detect
