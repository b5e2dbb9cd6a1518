// The variables of the environment, and the programs that PATH names.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace peelbox {

/// Reads a variable; std::nullopt when it is not set. The product passes process_environment(), tests a function over a map.
using environment = std::function<std::optional<std::string>(std::string_view name)>;
environment process_environment();

/// The file that a shell would run for `name`: the first of that name in PATH that may be run, or `name` itself when it has a
/// slash.
std::optional<std::string> find_program(const environment& variables, std::string_view name);

}  // namespace peelbox
