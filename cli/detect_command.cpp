// `peelbox detect` and `peelbox schema` as commands.
#include <CLI/App.hpp>

#include <memory>

#include "cli/choice.hpp"
#include "cli/command.hpp"
#include "cli/detect.hpp"
#include "cli/exit_code.hpp"
#include "cli/subcommand.hpp"
#include "engine/detect/write.hpp"

namespace peelbox::cli {
namespace {

task<int> print_schema(const surroundings& with) {
  std::string text = detect::spec_schema();
  text.pop_back();
  with.answer(text);
  co_return exit_ok;
}

}  // namespace

command add_detect_command(CLI::App& app) {
  auto args = std::make_shared<detect_args>();
  command added;
  added.app = add_subcommand(app, "detect", "Write the UniversalBuild spec of a repository");
  CLI::App& detect_app = *added.app;
  detect_app.footer(
      "Examples:\n"
      "  peelbox detect . > universalbuild.json\n"
      "  peelbox detect --explain .\n"
      "  peelbox detect --distro debian -o spec.json services/api\n"
      "  peelbox detect --package-index https://example.org/APKINDEX.tar.gz .\n\n"
      "What .gitignore or .dockerignore leave out does not count. A peelbox.json or\n"
      "peelbox.toml in the repository changes what was detected. The network is used\n"
      "only for a --package-index URL, at most once in 24 hours.");
  const char* const rare = "Sources of knowledge";
  detect_app.add_option("path", args->path, "Directory of the repository")->type_name("DIR")->capture_default_str();
  detect_app.add_option("-f,--format", args->format, "Language of the spec")->type_name("NAME")->capture_default_str()
      ->check(one_of({"json", "yaml"}));
  detect_app.add_option("-o,--output", args->output, "Write to this file, all or nothing")->type_name("FILE");
  detect_app.add_option("--distro", args->distro, "Whose package names")->type_name("NAME")->capture_default_str()
      ->check(one_of({"wolfi", "debian"}));
  detect_app.add_option("--package-index", args->package_index, "Instead of the built-in table of packages")
      ->type_name("FILE|URL");
  detect_app.add_flag("--explain", args->explain, "Say what was found and why, instead of the spec");
  detect_app.add_flag("--no-gitignore", args->no_gitignore, "Look at what .gitignore files leave out as well")
      ->group(rare);
  detect_app.add_flag("--offline", args->offline, "Ask no URL; what was kept of it counts, however old")->group(rare);
  added.run = [args](const surroundings& with) { return detect(*args, with); };
  return added;
}

command add_schema_command(CLI::App& app) {
  command added;
  added.app = add_subcommand(app, "schema", "Print the JSON schema of the spec");
  added.app->footer("Example:\n  peelbox schema > universalbuild.schema.json");
  added.run = print_schema;
  return added;
}

}  // namespace peelbox::cli
