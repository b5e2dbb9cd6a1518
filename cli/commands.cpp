#include "cli/commands.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/command_tree.hpp"
#include "cli/help_text.hpp"

namespace peelbox::cli {

namespace {

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

std::vector<command> add_commands(CLI::App& app) {
  app.set_help_flag("-h,--help", "Show the everyday options and examples");
  app.set_help_all_flag("--help-all", "Show all options");
  app.formatter_fn([&app](const CLI::App* of, std::string, CLI::AppFormatMode mode) {
    const command_info root = describe(app);
    const command_info* const wanted = find(root, path_of(*of));
    return help_text(wanted ? *wanted : root, mode == CLI::AppFormatMode::All);
  });
  app.set_version_flag("--version", "peelbox " PEELBOX_VERSION, "Print the version");
  app.require_subcommand(1);
  std::vector<command> all{
      add_build_command(app),   add_detect_command(app),     add_context_command(app), add_info_command(app),
      add_history_command(app), add_attach_command(app),     add_workers_command(app), add_dial_stdio_command(app),
      add_schema_command(app),  add_completion_command(app), add_man_command(app),     add_version_command(app),
      add_frontend_command(app)};
  // Last, because commands inherit it.
  app.footer(
      "Examples:\n"
      "  peelbox detect . > universalbuild.json\n"
      "  peelbox build --spec universalbuild.json --tag app:1\n"
      "  peelbox build --help                  # or: man peelbox-build");
  return all;
}

}  // namespace peelbox::cli
