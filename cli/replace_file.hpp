// A file that is complete or untouched.
#pragma once

#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::cli {

/// Writes beside `path`, flushes to disk and renames. `called`: what messages call it ("--output FILE"). Blocks.
result<void> replace_file(const std::string& path, std::string_view text, const std::string& called);

}  // namespace peelbox::cli
