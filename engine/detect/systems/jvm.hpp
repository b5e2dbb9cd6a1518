// What Maven, Gradle and plain Java have in common.
#pragma once

#include <set>
#include <string>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// "17"; "1.8" becomes "8".
std::string java_version(analysis& work, std::string_view text, std::string_view from);
/// From .java-version, .sdkmanrc, .tool-versions and mise.toml.
std::string java_version_of_files(analysis& work);
void use_java(analysis& work, const std::string& version);

/// "com.example.Main" of the first source with a main function, or "".
std::string find_main_class(analysis& work);

/// Framework, port and health check. `dependencies` are "group:artifact".
void look_at_java(analysis& work, const std::set<std::string>& dependencies);

}  // namespace peelbox::detect
