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

/// One path that the last stage copies, also by way of other stages.
struct dockerfile_copy {
  /// A path of the context, `below` a directory that a stage copied: {"web", "dist"} of what a build left in web/dist.
  struct origin {
    std::string path;
    std::string below;
  };
  std::vector<origin> origins;  ///< where it may come from; empty when nothing of the context lies there
  std::string from;             ///< as the instruction has it
  std::string to;               ///< absolute
  std::string image;            ///< what the stage that it comes from is built on, when it takes nothing of the context
  bool of_stage = false;        ///< it comes from another stage
  bool fetched = false;         ///< that stage downloads something
};

/// What a stage copies of another stage to where files of the context lie: the pages that a program takes in.
struct dockerfile_move {
  std::vector<dockerfile_copy::origin> origins;
  std::vector<dockerfile_copy::origin> over;
};

struct dockerfile_facts {
  std::uint16_t port = 0;  ///< of the first EXPOSE
  std::map<std::string, std::string> env;  ///< where the value is written out
  std::string workdir;
  /// ENTRYPOINT with CMD behind it, or CMD alone; the shell form is one text that begins with "/bin/sh -c".
  std::vector<std::string> command;
  std::string health;  ///< path of the HTTP request that HEALTHCHECK makes
  std::uint16_t health_port = 0;
  std::string base;    ///< the image that the last stage is built on, also by way of other stages
  std::vector<std::string> images;  ///< of all stages that are built on one: "node:20-alpine"
  std::vector<dockerfile_run> runs;  ///< of all stages, in their order
  std::vector<std::string> copied;  ///< what the last stage copies from the context, or from the working directory of another stage
  std::vector<dockerfile_copy> copies;
  std::vector<dockerfile_move> moves;  ///< of all stages
  bool wants_history = false;  ///< some stage copies .git
};

dockerfile_facts read_dockerfile(std::string_view text);

/// "curl -f http://localhost:8080/health || exit 1" -> "/health"; empty when no request to this machine is in it.
std::string health_path_of(std::string_view command);
/// "curl http://localhost:8080/health" -> 8080; 0 when it names none.
std::uint16_t health_port_of(std::string_view command);

}  // namespace peelbox::detect
