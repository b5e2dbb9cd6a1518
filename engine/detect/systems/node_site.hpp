// Front ends that are files when they are built.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "engine/detect/analysis.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {

/// The names that the settings of Next.js can have.
inline const std::initializer_list<std::string_view> next_config{"next.config.js", "next.config.mjs", "next.config.ts"};

struct site {
  std::string dir;  ///< "" when there is none
  bool single_page = false;
  std::string fallback;  ///< of a single page
};

/// Where a front end's build leaves its files. `all`: the package's dependencies with those of its developers.
site find_site(analysis& work, const std::set<std::string>& all, const value& package);

}  // namespace peelbox::detect
