// Which flags of `peelbox build` have an effect in which way of building: one table, checked in one place.
#pragma once

#include <span>
#include <string_view>

#include "cli/build_args.hpp"

namespace peelbox::cli {

enum class build_mode {
  spec,  ///< --spec: a spec becomes a definition, which is solved
  llb,   ///< --llb: a definition of somebody else's is solved as it is
  dockerfile,  ///< none of these: the daemon's frontend makes a definition of a Dockerfile
  frontend,    ///< --frontend: another frontend of the daemon
  dump,  ///< --dump-llb: a spec becomes a definition, which is written
};

/// An option by its long name, or the argument by its own, and the ways of building that it has an effect in.
struct flag_use {
  std::string_view name;
  bool spec;
  bool llb;
  bool dockerfile;
  bool frontend;
  bool dump;
};

/// Every option and argument of `peelbox build` that has a value in build_args.
std::span<const flag_use> flag_uses() noexcept;

build_mode mode_of(const build_args& args) noexcept;

/// failure{usage} with all flags that were given and mean nothing here, and for flags that contradict each other.
result<void> check_flags(const build_args& args);

}  // namespace peelbox::cli
