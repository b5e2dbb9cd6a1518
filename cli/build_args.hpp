// What was written after `peelbox build`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/daemon_args.hpp"
#include "cli/dockerfile_flags.hpp"
#include "cli/output_option.hpp"
#include "cli/service_args.hpp"
#include "engine/progress/display.hpp"

namespace CLI {
class App;
}

namespace peelbox::cli {

/// The arguments as text, before any check; CLI11 fills them.
struct build_args : daemon_args, service_args {
  std::string spec;
  /// buildctl's --registry-auth-tlscontext.
  std::vector<std::string> registry_tls;
  /// What came from standard input for a `-` in `spec`, `llb`, `dockerfile.file` or `context`.
  std::string piped;
  /// REF, NAME=REF or a template with "{service}".
  std::vector<std::string> tags;
  /// From --context or the argument.
  std::string context = ".";
  std::vector<std::string> outputs;
  bool push = false;
  bool load = false;
  /// Set when somebody else read the outputs: they are taken as they are, with the names that their attributes say, and nothing
  /// is added to them or to what is attested.
  std::optional<std::vector<output_option>> ready_outputs;
  /// No summary and no advice; the daemon's error as it is.
  bool terse = false;
  std::vector<std::string> services;
  bool all_services = false;
  /// Instead of a spec: a marshalled LLB definition ("-" is standard input) and its local directories.
  std::string llb;
  std::vector<std::string> locals;  ///< NAME=DIR
  /// Instead of a spec: a frontend of the daemon and its options.
  std::string frontend;
  std::vector<std::string> options;  ///< KEY=VALUE
  /// Writes the spec's definition to this file and stops.
  std::string dump_llb;
  std::string platform;
  std::optional<std::string> entrypoint;
  std::string build_image;
  std::string runtime_image;
  std::string package_manager = "auto";
  std::string cache_key;
  dockerfile_flags dockerfile;
  std::vector<std::string> annotations;  ///< [TYPE:]KEY=VALUE
  attestation_flags attest;
  bool no_sbom = false;
  bool no_provenance = false;
  bool no_cache = false;
  bool no_gitignore = false;
  bool paranoid = false;
  std::string context_times = "file";
  std::string context_id;
  std::string progress = "auto";
  /// Always refused, with the reason.
  bool detach = false;
  /// Pictures of the build; empty: none.
  std::string timeline;
  std::string trace;
  std::string log_file;
  std::string metadata_file;
  std::string iid_file;
  std::string ref_file;
  std::optional<std::string> stats;  ///< "" or "json"
  unsigned silence_limit = 60;  ///< seconds
  unsigned retries = 0;
  bool quiet = false;
  /// Who else is told what happens, beside the display.
  std::vector<std::shared_ptr<progress::listener>> listeners;
  /// What was written, by its names in build_modes.cpp; some flags have a value that says nothing of it.
  std::vector<std::string> given;
};

/// Describes the flags of `build` to CLI11, writing into `args`.
void add_build_flags(CLI::App& build, build_args& args);

}  // namespace peelbox::cli
