// How a client is told to do a workload. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::cli::bench {

/// Which command line a program takes.
enum class grammar { peelbox, buildctl };

struct client_program {
  std::string path;
  grammar speaks = grammar::peelbox;
  /// What the report calls it.
  std::string name;
};

/// A program by its path: what is called …buildctl… takes buildctl's flags, and …peelbox… ours. failure{usage} for others.
result<client_program> client_named(std::string_view path);

/// What a user brought instead of a workload of ours.
struct own_input {
  std::string spec;        ///< a UniversalBuild file
  std::string dockerfile;  ///< a Dockerfile
  std::string llb;         ///< a definition
  std::string context = ".";

  bool empty() const noexcept { return spec.empty() && dockerfile.empty() && llb.empty(); }
};

struct invocation {
  std::string address;
  std::vector<std::string> tls;  ///< --tls… flags, which both kinds of clients have
  std::string definition;  ///< a file with LLB
  std::string context;     ///< the directory that it reads
  std::string archive;     ///< where an OCI archive goes; empty: nothing is exported
};

struct command_line {
  std::vector<std::string> words;
  std::string standard_input;  ///< a file; empty: nothing
};

/// Attestations are off in exports: buildctl makes none unless told to.
command_line command_of(const client_program& client, const invocation& what);
/// failure{usage} for a spec and a client that is not peelbox.
result<command_line> own_command(const client_program& client, const own_input& what, const std::string& address,
                                 const std::vector<std::string>& tls);

}  // namespace peelbox::cli::bench
