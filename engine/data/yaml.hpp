// YAML as a tree.
#pragma once

#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/data/value.hpp"

namespace peelbox::data {

/// The first document; scalars are strings. errc::usage says what is wrong and on which line; errc::limit when it is deeper
/// or larger than the bounds of value.hpp, aliases counted where they stand.
result<value> parse_yaml(std::string_view text);

}  // namespace peelbox::data
