// JSON written in a test.
#pragma once

#include <string_view>

#include "engine/data/json.hpp"

namespace peelbox::test {

inline boost::json::value json_tree(std::string_view text) { return data::parse_json(text, "test").value(); }

}  // namespace peelbox::test
