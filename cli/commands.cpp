#include "cli/commands.hpp"

#include <CLI/App.hpp>

#include <array>

#include "cli/command_tree.hpp"
#include "cli/help_text.hpp"
#include "cli/version.hpp"

namespace peelbox::cli {

namespace {

struct entry {
  std::string_view name;
  command (*add)(CLI::App&);
  bool rare = false;
  bool needs_all = false;  ///< it tells about the others
};

/// In the order of the help.
constexpr std::array<entry, 20> entries{{
    {"build", add_build_command},
    {"detect", add_detect_command},
    {"context", add_context_command},
    {"info", add_info_command},
    {"history", add_history_command},
    {"attach", add_attach_command},
    {"image", add_image_command},
    {"workers", add_workers_command, true},
    {"du", add_du_command, true},
    {"prune", add_prune_command},
    {"pool", add_pool_command},
    {"bench", add_bench_command, true},
    {"dial-stdio", add_dial_stdio_command, true},
    {"buildctl", add_buildctl_command, true},
    {"imagetools", add_imagetools_command, true},
    {"schema", add_schema_command, true},
    {"completion", add_completion_command, true, true},
    {"man", add_man_command, true, true},
    {"version", add_version_command, true},
    {"frontend", add_frontend_command},
}};

/// The description of `app` inside of its program, so that paths are complete.
const command_info* find(const command_info& command, const std::string& path) {
  if (command.path == path) return &command;
  for (const command_info& one : command.commands)
    if (const command_info* found = find(one, path)) return found;
  return nullptr;
}

std::string path_of(const CLI::App& app) {
  return app.get_parent() ? path_of(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

}  // namespace

std::vector<command> add_commands(CLI::App& app, std::string_view only) {
  app.set_help_flag("-h,--help", "Show the everyday options and examples");
  app.set_help_all_flag("--help-all", "Show all options");
  app.formatter_fn([&app](const CLI::App* of, std::string, CLI::AppFormatMode mode) {
    const command_info root = describe(app);
    const command_info* const wanted = find(root, path_of(*of));
    return help_text(wanted ? *wanted : root, mode == CLI::AppFormatMode::All);
  });
  app.set_version_flag("--version", version_text(), "Print the version");
  app.require_subcommand(1);
  std::vector<command> all;
  for (const entry& one : entries)
    if (one.name == only && !one.needs_all) return {one.add(app)};
  for (const entry& one : entries) {
    all.push_back(one.add(app));
    if (one.rare) all.back().app->group(std::string(command_info::seldom));
  }
  // Last, because commands inherit it.
  app.footer(
      "Examples:\n"
      "  peelbox detect . > universalbuild.json\n"
      "  peelbox build --spec universalbuild.json --tag app:1\n"
      "  peelbox build --help       # or: peelbox help build, man peelbox-build");
  return all;
}

}  // namespace peelbox::cli
