// Which daemons we accept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::client {

/// The oldest BuildKit that has everything a build needs: Control.Info, build history, attestations.
inline constexpr std::string_view oldest_supported = "v0.11.0";

struct version_number {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const version_number&) const = default;
};

/// "v0.13.2", "v0.13.2-dirty", "0.11.0-rc1" -> numbers. std::nullopt for anything else, and for "v0.0.0+unknown",
/// which distributions leave in daemons that they build.
std::optional<version_number> parse_version(std::string_view text);

/// What a daemon says about itself.
struct daemon_version {
  /// False when Control.Info is not implemented: then the daemon is older than v0.11.
  bool has_info = false;
  std::string text;  ///< may be empty or unknown
  /// Version of the Docker Engine around it, when it was asked.
  std::string engine = {};
};

/// The oldest BuildKit that runs more than the first exporter of a request (solver/llbsolver/solver.go).
inline constexpr std::string_view oldest_with_exporters = "v0.13.0";

/// failure{unsupported} when the daemon is known to be too old for so many exporters in one request.
result<void> check_exporters(const daemon_version& found, std::size_t exporters, std::string_view address);

/// Accepts v0.11 and newer, and a daemon that has Info but an unknown version; else failure{unsupported} with the
/// found and the required version, the reason and how to upgrade. `address` names the daemon.
result<void> check_version(const daemon_version& found, std::string_view address);

}  // namespace peelbox::client
