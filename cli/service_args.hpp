// Flags about what the daemon may ask of us during a build, and where its caches come from and go to. All doors of the
// command line have them.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace peelbox::cli {

/// The arguments as text, before any check; CLI11 fills them.
struct service_args {
  std::vector<std::string> secrets;
};

void add_service_flags(CLI::App& build, service_args& args);

}  // namespace peelbox::cli
