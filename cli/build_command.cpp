#include <CLI/App.hpp>
#include <memory>

#include "cli/build.hpp"
#include "cli/command.hpp"
#include "cli/subcommand.hpp"

namespace peelbox::cli {

command add_build_command(CLI::App& app) {
  auto args = std::make_shared<build_args>();
  command added;
  added.app = add_subcommand(app, "build", "Build an image from a Dockerfile or a spec");
  add_build_flags(*added.app, *args);
  added.run = [args](const surroundings& with) { return run_build_command(*args, with); };
  added.verbosity = [args] { return args->verbose; };
  return added;
}

}  // namespace peelbox::cli
