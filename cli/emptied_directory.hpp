// Whether an output directory may be emptied.
#pragma once

#include <string>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::cli {

/// For mode=delete of a local output, which removes everything in `directory` that the build did not make: failure{usage}
/// when the working directory, the home directory or one of `contexts` is that directory or lies in it. Looks at the disk.
result<void> may_be_emptied(const std::string& directory, const std::vector<std::string>& contexts);

}  // namespace peelbox::cli
