// Frameworks by the names of the packages that bring them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

enum class ecosystem { node, python, ruby, php, jvm, rust, go, dotnet, elixir };

struct framework {
  ecosystem of;
  std::string_view name;
  /// A dependency of this name; with "*" at the end, one that begins so.
  std::string_view dependency;
  /// Where it listens unless told otherwise; 0: it is not a server.
  std::uint16_t port;
};

/// The first of the table that is among the dependencies, or null. Names are compared without regard to case.
const framework* find_framework(ecosystem of, const std::set<std::string>& dependencies);

/// find_framework, written into the draft. `from`: the file that lists them; empty: the manifest.
const framework* use_framework(analysis& work, ecosystem of, const std::set<std::string>& dependencies, std::string_view from = {});

}  // namespace peelbox::detect
