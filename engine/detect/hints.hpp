// What files for other tools say about a service.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

struct dockerfile_facts {
  std::uint16_t port = 0;  ///< of the first EXPOSE of the last stage
  /// Of the last stage, where the value is written out.
  std::map<std::string, std::string> env;
};
dockerfile_facts read_dockerfile(std::string_view text);

/// Process type -> command.
std::map<std::string, std::string> read_procfile(std::string_view text);

/// Before the build system's analysis: sets hinted_port.
void take_hints(analysis& work);
/// After it: a Procfile's "web" replaces the command.
void apply_procfile(analysis& work);

/// {"/bin/sh", "-c", "exec COMMAND"}; the command itself when it needs no shell.
std::vector<std::string> as_command(std::string_view shell_text);

}  // namespace peelbox::detect
