// What people have a task runner do: the recipes of Makefile, justfile and Taskfile.yml, as lines of shell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

struct task {
  std::string name;
  std::vector<std::string> needs;  ///< tasks that are run before
  std::vector<std::string> lines;  ///< shell; variables that the file sets stand for their values
};
/// Exposed for tests. Lines that are continued are joined.
std::vector<task> read_makefile_tasks(std::string_view text);
std::vector<task> read_justfile(std::string_view text);
std::vector<task> read_taskfile(std::string_view text);

/// The tasks of the directory's files, with where they come from.
struct task_file {
  std::string path;
  std::vector<task> tasks;
};
std::vector<task_file> task_files_of(analysis& work, std::string_view dir);

/// What `make web`, `just web` and `task web` in the Dockerfile's RUN instructions run is looked at like a RUN of its own.
void follow_tasks(analysis& work);

/// Where a recipe takes what it puts at `wanted`, both paths of the repository:
/// `cd web && npm run build && mv build ../server/site` takes "web/build" for "server/site".
struct moved_tree {
  std::string from;
  std::string by;  ///< the file that says it
};
std::optional<moved_tree> moved_to(analysis& work, const std::string& wanted);

}  // namespace peelbox::detect
