// Tasks that only people are told to run: `make build`, `just build`, `task build`, `moon run web:build` and `nx bundle web`
// in the workflows of CI and in the code of a README. Weak evidence: used where the build system's own files say nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"
#include "engine/detect/named_task.hpp"

namespace peelbox::detect {

/// "build", "build-server", "dist"; not "docker-build", "build-docs" and the like.
bool is_build_task(std::string_view name);
/// The calls of task runners in a line of shell that is run in `dir`. Exposed for tests.
std::vector<named_task> named_in_line(std::string_view line, const std::string& dir);
/// Those in the code of a README. Exposed for tests.
std::vector<named_task> named_in_readme(std::string_view text, const std::string& path);
/// Those that build something of the service, or of another project in `dir`; those of CI first.
std::vector<named_task> named_builds(analysis& work);
std::vector<named_task> named_builds(analysis& work, const std::string& dir);

/// What a recipe runs to build the service, in its directory.
struct task_build {
  std::vector<std::string> lines;
  std::string runner;
  std::string from;
  confidence how = confidence::guess;
};
/// For a project of Node in `dir`: the recipe that CI or the README names for it, else one that is called "build".
/// Without what installs dependencies; none when it makes an image or calls another language's tools.
std::optional<task_build> build_by_task(analysis& work, const std::string& dir);

/// `node dist/server.js` of a moon.yml's task "start" or "serve"; no words when there is none.
struct task_start {
  std::string line;
  std::string from;
};
task_start start_by_task(analysis& work);

/// Without a Dockerfile, the recipes that CI or the README names stand for its RUN instructions.
void follow_named_tasks(analysis& work);

}  // namespace peelbox::detect
