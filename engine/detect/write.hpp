// Specs, explanations and the schema as text.
#pragma once

#include <string>
#include <vector>

#include "engine/detect/detect.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {

/// In the order of the struct; what is absent in JSON is absent here.
value to_value(const spec::universal_build& service);
/// Two spaces, keys sorted, a line feed at the end.
std::string to_json(const value& tree);
/// Keys in the order of the tree.
std::string to_yaml(const value& tree);

/// An array, also for one service and for none.
std::string services_json(const detection& found);
std::string services_yaml(const detection& found);

/// For people: what was found where, what it was taken for, what lost and why.
std::string explain(const detection& found);

/// JSON Schema (2020-12) of a spec file: one service or an array of them.
std::string spec_schema();

}  // namespace peelbox::detect
