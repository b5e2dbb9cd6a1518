// The last stage of a Dockerfile with what it inherits from others, as far as its text says it without running anything.
// Variables stand for the defaults that ARG and ENV give them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::detect {

/// One RUN instruction, of any stage.
struct dockerfile_run {
  std::string text;
  std::map<std::string, std::string> env;  ///< what ENV has set by then
};

struct dockerfile_facts {
  std::uint16_t port = 0;  ///< of the first EXPOSE
  std::map<std::string, std::string> env;  ///< where the value is written out
  std::string workdir;
  /// ENTRYPOINT with CMD behind it, or CMD alone; the shell form is one text that begins with "/bin/sh -c".
  std::vector<std::string> command;
  std::string health;  ///< path of the HTTP request that HEALTHCHECK makes
  std::uint16_t health_port = 0;
  std::vector<std::string> images;  ///< of all stages that are built on one: "node:20-alpine"
  std::vector<dockerfile_run> runs;  ///< of all stages, in their order
  std::vector<std::string> copied;  ///< what the last stage copies from the context, or from the working directory of another stage
};

dockerfile_facts read_dockerfile(std::string_view text);

/// "curl -f http://localhost:8080/health || exit 1" -> "/health"; empty when no request to this machine is in it.
std::string health_path_of(std::string_view command);
/// "curl http://localhost:8080/health" -> 8080; 0 when it names none.
std::uint16_t health_port_of(std::string_view command);

}  // namespace peelbox::detect
