// What files for other tools say about a service.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// "8080" and "8080/tcp"; 0 for everything else.
std::uint16_t port_of(std::string_view text);

/// The port that a command is told: "--port 80", "-p 80", "--bind 0.0.0.0:80", "PORT=80 …"; 0 when it is told none.
std::uint16_t port_in_command(std::string_view text);

/// Process type -> command.
std::map<std::string, std::string> read_procfile(std::string_view text);

/// Before the build system's analysis: from a Dockerfile and the compose service that is built from the directory to
/// work.hint and to findings of port and health check; a Procfile's "web" is a finding of what is started.
void take_hints(analysis& work);
/// After decide(): what the hints say of the environment.
void apply_hints(analysis& work);

/// The command of the Dockerfile or the compose file, when its first word is one of `starters` (programs that the build
/// system puts into the image). Wrappers such as "uv run" and "exec" are taken off. `dir`: where the service is in the image.
void take_hinted_command(analysis& work, std::initializer_list<std::string_view> starters, std::string_view dir = "/app");

/// What starts `words` with another working directory than /app.
std::vector<std::string> in_directory(std::string_view dir, std::vector<std::string> words);

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

/// {"/bin/sh", "-c", "exec COMMAND"}; the command itself when it needs no shell.
std::vector<std::string> as_command(std::string_view shell_text);

}  // namespace peelbox::detect
