// Packages of languages that need packages of the distribution, to be built or when they run.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "engine/detect/frameworks.hpp"

namespace peelbox::detect {

/// One row of the table in native_needs.cpp for each package.
void add_native_needs(analysis& work, ecosystem of, const std::set<std::string>& dependencies);

/// A dependency comes from a Git repository.
void needs_git(analysis& work, std::string_view from);

}  // namespace peelbox::detect
