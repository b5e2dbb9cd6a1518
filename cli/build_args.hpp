// What was written after `peelbox build`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output_option.hpp"
#include "engine/progress/display.hpp"
#include "transport/tls_options.hpp"

namespace CLI {
class App;
}

namespace peelbox::cli {

/// As text, before anything is checked; CLI11 fills it.
struct build_args {
  std::string spec;
  std::string tag;
  std::string context = ".";
  std::optional<std::string> output;
  std::string service;
  /// Instead of a spec: a marshalled LLB definition ("-" is standard input) and its local directories.
  std::string llb;
  std::vector<std::string> locals;  ///< NAME=DIR
  /// Write the spec's definition there and stop.
  std::string dump_llb;
  std::string platform;
  std::optional<std::string> entrypoint;
  std::optional<std::string> buildkit;
  std::string build_image;
  std::string runtime_image;
  std::string package_manager = "auto";
  transport::tls_options tls;
  std::string tls_dir;
  attestation_flags attest;
  bool no_sbom = false;
  bool no_provenance = false;
  bool no_cache = false;
  bool no_gitignore = false;
  std::string progress = "auto";
  unsigned silence_limit = 60;  ///< seconds
  bool quiet = false;
  int verbose = 0;
};

/// Describes `build` and its flags to CLI11, writing into `args`.
CLI::App* add_build_command(CLI::App& app, build_args& args);

/// Splits a command as a shell would: blanks separate, quotes and backslashes keep together; nothing is expanded.
/// A JSON array of strings is taken as it is. failure{usage} for an open quote or an empty command.
result<std::vector<std::string>> split_command(std::string_view text);

}  // namespace peelbox::cli
