// `peelbox build`.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/build_args.hpp"
#include "cli/command.hpp"

namespace peelbox::cli {

/// For who runs several builds beside each other: what one of them does with its picture, and how it went.
struct build_tale {
  /// Progress is text and goes to this descriptor. It stays open.
  int progress_fd = 2;
  /// Set when the build itself failed, and not something of this machine before it.
  std::optional<failure> why;
  /// What the exporter of the first service answered.
  std::map<std::string, std::string> exporter_response;
};

/// Returns the exit code, after all errors have been said.
/// `args`, `with` and `tale` must outlive it.
task<int> run_build_command(const build_args& args, const surroundings& with, build_tale* tale = nullptr);

}  // namespace peelbox::cli
