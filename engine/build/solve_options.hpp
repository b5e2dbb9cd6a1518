// What a build asks the daemon for. Without the messages of the wire, whose headers are large.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/oci/platform.hpp"

namespace pb {
class Definition;
}

namespace peelbox::build {

/// One exporter of the daemon (exporter/*, client/exporters.go).
struct exporter {
  std::string type;  ///< oci, docker, tar, local, moby
  std::map<std::string, std::string> attributes;
};

/// The attestations to make; absent means not requested. The value is the text of the attribute `attest:sbom` or
/// `attest:provenance`, whose presence enables it (frontend/attestations/parse.go).
struct attestations {
  std::optional<std::string> sbom;
  std::optional<std::string> provenance;

  bool any() const noexcept { return sbom || provenance; }
};

/// How much of the history's provenance is kept for --metadata-file. `min` leaves out the steps (buildConfig) and the
/// metadata.
enum class provenance_mode { disabled, min, max };

/// The most levels of its JSON. A definition in a source in a request has about twenty.
inline constexpr std::size_t deepest_provenance = 200;

/// What is built for one platform.
struct platform_build {
  oci::platform platform;
  /// Never null when the build is asked for.
  std::shared_ptr<const pb::Definition> definition;
  /// JSON image config; empty for exporters that have none (tar, local).
  std::string image_config;
};

struct solve_options {
  std::string ref;
  std::string session_id;
  /// At least one, each of another platform; several make one result of several platforms.
  std::vector<platform_build> parts;
  /// Nobody asked for a platform: what the only part says of it is a guess, and the daemon's own takes its place.
  bool for_daemon_platform = false;
  exporter target;
  attestations attest;
  bool no_cache = false;
  /// What the daemon's history calls the build; empty: nothing.
  std::string build_name;
  /// Seconds since 1970 that no time in the result may be later than; empty: none. Layers follow when the exporter is told
  /// rewrite-timestamp=true.
  std::string source_date_epoch;
  /// For exporters that take the image config from result metadata only (dockerd with graph drivers), and for
  /// definitions that are made when the base images are known.
  bool through_gateway = false;
};

}  // namespace peelbox::build
