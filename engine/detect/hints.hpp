// What files for other tools say about a service.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"
#include "engine/detect/command_line.hpp"

namespace peelbox::detect {

/// Before the build system's analysis: from a Dockerfile and the compose service that is built from the directory to
/// work.hint and to findings of port and health check; a Procfile's "web" is a finding of what is started.
void take_hints(analysis& work);
/// After the build system's analysis: what the image of the Dockerfile has beside the program. Pages that another service
/// builds become work.out.parts, data that a variable names is copied, and what no file of the repository makes is told.
void take_parts_of_image(analysis& work);
/// After decide(): what the hints say of the environment.
void apply_hints(analysis& work);

/// The command of the Dockerfile or the compose file, when its first word is one of `starters` (programs that the build
/// system puts into the image). Wrappers such as "uv run" and "exec" are taken off. `dir`: where the service is in the image.
void take_hinted_command(analysis& work, std::initializer_list<std::string_view> starters, std::string_view dir = "/app");

/// Whether a variable of this name describes the program, not the image that a Dockerfile makes.
bool is_of_the_program(std::string_view name);
/// Variables of an ENV that describe the program, not the image of the Dockerfile.
std::map<std::string, std::string> of_the_program(const std::map<std::string, std::string>& env);

/// What stands behind `program` in one of the Dockerfile's RUN instructions, up to the end of that command; all of them.
struct docker_call {
  std::vector<std::string> words;
  const dockerfile_run* run = nullptr;
};
std::vector<docker_call> calls_in_dockerfile(const analysis& work, std::string_view program);

/// The digits of the tag, when one of the images of the Dockerfile has this name: ("node") of "node:20-alpine" -> "20".
std::string version_of_image(analysis& work, std::string_view tool, std::initializer_list<std::string_view> names);

}  // namespace peelbox::detect
