#include "cli/service_args.hpp"

#include <CLI/App.hpp>

#include "cli/choice.hpp"

namespace peelbox::cli {

void add_service_flags(CLI::App& build, service_args& args) {
  const std::string group = "What the daemon may ask for";
  build.add_option("--secret", args.secrets,
                   "Secret for steps that mount it: id=ID[,src=FILE|,env=VARIABLE]. Else the variable ID, or the file ID. May be repeated")
      ->type_name("FIELDS")->take_all()->allow_extra_args(false)->group(group)->check(begins_like({"id="}));
}

}  // namespace peelbox::cli
