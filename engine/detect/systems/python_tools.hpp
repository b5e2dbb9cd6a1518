// The tools that install Python packages.
#pragma once

#include <set>
#include <string>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// Names (lower case) of what the project depends on, from all files that may say so.
std::set<std::string> python_dependencies(analysis& work);

/// Picks the tool, adds its packages and commands; the result is in /app/.venv. Returns whether the project itself was
/// installed there, so that its scripts exist.
bool install_python_dependencies(analysis& work);

/// "3.11", or "" for the newest.
std::string python_version(analysis& work);

}  // namespace peelbox::detect
