// What people have a task runner do: the recipes of Makefile, justfile, Taskfile.yml and moon.yml, as lines of shell.
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
/// What a task needs of other projects (`^:build`) is left out.
std::vector<task> read_moon_tasks(std::string_view text);

/// One command of a line of shell, and the directory that it is run in.
struct shell_call {
  std::vector<std::string> words;
  std::string dir;
};
/// `cd web && npm run build; cp -r dist ..` run in `dir`.
std::vector<shell_call> calls_of(std::string_view line, const std::string& dir);

/// The tasks of the directory's files, with where they come from. Those that a moon workspace gives all projects count
/// for each directory with a package.json.
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
