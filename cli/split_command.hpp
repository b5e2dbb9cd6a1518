// A command line as words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::cli {

/// Splits a command as a shell would: blanks separate, quotes and backslashes keep together; nothing is expanded.
/// A JSON array of strings is taken as it is. failure{usage} for an open quote or an empty command.
result<std::vector<std::string>> split_command(std::string_view text);

}  // namespace peelbox::cli
