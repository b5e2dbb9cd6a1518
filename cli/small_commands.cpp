// Commands that are a few lines each.
#include <CLI/App.hpp>

#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/subcommand.hpp"
#include "cli/version.hpp"

namespace peelbox::cli {

namespace {

task<int> frontend_is_gone(const surroundings& with) {
  with.say(
      "error: `peelbox frontend` is gone: peelbox now talks to BuildKit itself, so no frontend image is needed.\n"
      "Use `peelbox build --spec universalbuild.json --tag NAME --output type=oci,dest=FILE`; docs/migration.md has "
      "the details.");
  co_return exit_usage;
}

task<int> print_version(const surroundings& with) {
  with.answer(version_text());
  co_return exit_ok;
}

}  // namespace

command add_frontend_command(CLI::App& app) {
  command added;
  added.app = add_subcommand(app, "frontend", "Gone; says what replaces it")->allow_extras();
  added.app->group("");
  added.run = frontend_is_gone;
  return added;
}

command add_version_command(CLI::App& app) {
  command added;
  added.app = add_subcommand(app, "version", "Print the version, and the commit that it was built from");
  added.app->footer("Example:\n  peelbox version");
  added.run = print_version;
  return added;
}

}  // namespace peelbox::cli
