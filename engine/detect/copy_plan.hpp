// What of the build has to be in the image beside the program: files that the start command names, and files that the
// program reads when it runs.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// Relative paths in the words of a start command that no copy brings yet: results of the build ("target/a.jar") and
/// files of the service, each to where the command names it below /app. Of a launcher ("build/install/a/bin/a") the
/// whole tree.
void copy_what_is_named(analysis& work, const std::vector<std::string>& words);

/// Files and directories of the service that its sources open by a literal path, behind one of the `calls`
/// ("ParseGlob("), and those that its Dockerfile puts into the image.
void copy_what_is_read(analysis& work, const std::vector<std::string>& sources, std::initializer_list<std::string_view> calls);

}  // namespace peelbox::detect
