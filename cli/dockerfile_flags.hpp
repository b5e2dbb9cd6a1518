// The flags of `peelbox build` that are for a Dockerfile, in the spelling of `docker buildx build`.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace peelbox::cli {

/// The arguments as text, before any check; CLI11 fills them.
struct dockerfile_flags {
  /// A path from the working directory, "-" for standard input; empty: Dockerfile in the context.
  std::string file;
  std::string target;
  std::vector<std::string> build_args;      ///< NAME=VALUE, or NAME of a variable
  std::vector<std::string> build_contexts;  ///< NAME=DIR or a reference
  std::vector<std::string> labels;          ///< NAME=VALUE
  std::vector<std::string> add_hosts;       ///< HOST:IP
  std::vector<std::string> no_cache_filter;
  std::vector<std::string> ulimits;  ///< NAME=SOFT[:HARD]
  std::string network;
  std::string shm_size;
  std::string cgroup_parent;
  bool pull = false;
  std::string call;  ///< METHOD[,format=F][,ignorestatus=B]
  bool check = false;
};

void add_dockerfile_flags(CLI::App& build, dockerfile_flags& flags);

}  // namespace peelbox::cli
