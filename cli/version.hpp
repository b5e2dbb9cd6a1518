// Which peelbox this is. Defined in a source that the build makes (scripts/cmake/version.cmake): the number stands in the
// CMakeLists.txt of the project and nowhere else, the commit comes from git.
#pragma once

#include <string>
#include <string_view>

namespace peelbox::cli {

/// The number alone: "0.4.0".
std::string_view version_number() noexcept;

/// The first twelve digits of the commit, with "+" when files differed from it; empty when the build did not know it.
std::string_view version_commit() noexcept;

/// What people are shown: "peelbox 0.4.0 (96076e8a30c1)".
std::string version_text();

}  // namespace peelbox::cli
