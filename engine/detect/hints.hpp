// What files for other tools say about a service.
#pragma once

#include <cstdint>
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

/// Before the build system's analysis: fills work.hint from a Dockerfile in the directory, and from the compose service
/// that is built from it.
void take_hints(analysis& work);
/// After it: a Procfile's "web" replaces the command; what the hints say of health and environment is added.
void apply_procfile(analysis& work);
void apply_hints(analysis& work);

/// {"/bin/sh", "-c", "exec COMMAND"}; the command itself when it needs no shell.
std::vector<std::string> as_command(std::string_view shell_text);

}  // namespace peelbox::detect
