// `peelbox detect`: the steps behind the flags.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace peelbox::cli {

struct detect_args {
  std::string path = ".";
  std::string format = "json";
  std::string output;         ///< empty: standard output
  std::string distro = "wolfi";
  std::string package_index;  ///< a file or a URL; empty: the built-in table
  bool explain = false;
  bool no_gitignore = false;
  bool offline = false;       ///< no network, whatever package_index says
};

/// `args` must outlive the coroutine.
task<int> detect(const detect_args& args, const surroundings& with);

}  // namespace peelbox::cli
