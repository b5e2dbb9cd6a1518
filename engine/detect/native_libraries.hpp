// Libraries outside of a language's own package manager, by the way build files name them.
#pragma once

#include <string_view>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// Adds the packages to build with and to run with for every library that `text` (of the file `from`) links.
void add_native_libraries(analysis& work, std::string_view text, std::string_view from);

}  // namespace peelbox::detect
