// Flags about what the daemon may ask of us during a build, and where its caches come from and go to. All doors of the
// command line have them.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace peelbox::session {
class upload;
}

namespace peelbox::cli {

/// The arguments as text, before any check; CLI11 fills them.
struct service_args {
  std::vector<std::string> secrets;
  std::vector<std::string> agents;
  std::vector<std::string> cache_from;    ///< buildx's spelling
  std::vector<std::string> cache_to;
  std::vector<std::string> import_cache;  ///< buildctl's
  std::vector<std::string> export_cache;
  std::vector<std::string> oci_layouts;  ///< NAME=DIR
  std::vector<std::string> allow;
  std::string source_policy;  ///< a file
  /// A context that comes from standard input; may be null.
  std::shared_ptr<session::upload> upload;
};

void add_service_flags(CLI::App& build, service_args& args);

}  // namespace peelbox::cli
