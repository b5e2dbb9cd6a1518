// Rules for a spec beyond JSON's types.
#pragma once

#include <string>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/spec/load.hpp"

namespace peelbox::spec {

struct problem {
  enum class weight { error, warning };
  weight how = weight::error;
  std::string path;  ///< "runtime.copy[0].to"
  std::string text;  ///< what is wrong and what would be right
};

/// Everything that is wrong with one service, in the order of the spec. Pure, as is check().
std::vector<problem> validate(const universal_build& service);

/// validate() for each service, and service names that occur twice. All errors become one failure
/// (errc::usage) with one line each, "file:line: path: text"; the warnings of a valid spec are returned as
/// such lines.
result<std::vector<std::string>> check(const loaded_spec& spec);

}  // namespace peelbox::spec
