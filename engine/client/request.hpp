// What a build asks a daemon for, as one value that reads like BuildKit's own request (api/services/control, SolveRequest).
// Without the messages of the wire, whose headers are large.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/docker/config.hpp"
#include "engine/oci/platform.hpp"
#include "engine/session/content_service.hpp"
#include "engine/session/filesend_service.hpp"

namespace pb {
class Definition;
}
namespace moby::buildkit::v1::sourcepolicy {
class Policy;
}

namespace peelbox::client {

class gateway_program;

/// One exporter of the daemon (exporter/*, client/exporters.go).
struct exporter {
  std::string type;  ///< oci, docker, tar, local, image, moby
  std::map<std::string, std::string> attributes;
};

/// The exporter keeps its output in the daemon, or sends it somewhere itself.
struct stays_in_daemon {};

/// The image goes into Docker's own store. Exporter and way are chosen when the engine has been asked (docker_output.hpp);
/// of the exporter that was given only the attributes count.
struct docker_store {
  /// Normalised references with a tag; at least one.
  std::vector<std::string> image_names;
  environment variables;
};

/// Where the output of an exporter goes. A layout is for oci and docker with the attribute tar=false, and for one exporter of a
/// solve: what arrives in it has no name yet (client/layout.hpp).
using export_sink = std::variant<stays_in_daemon, session::file_target, session::directory_target, session::consumer_target,
                                 session::served_layout, docker_store>;

struct export_request {
  exporter how;
  export_sink where;
};

/// One place where a cache comes from or goes to (client/solve.go, CacheOptionsEntry): registry, local, inline, gha, s3, azblob.
struct cache_place {
  std::string type;
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
  /// Empty: the daemon's own.
  oci::platform platform;
  /// Never null when the build is asked for.
  std::shared_ptr<const pb::Definition> definition;
  /// JSON image config; empty for exporters that have none (tar, local).
  std::string image_config;
};

/// Finished definitions: at least one, each of another platform; several make one result of several platforms. They are
/// solved as they are, through the gateway only where Control.Solve alone cannot carry what belongs to them.
struct definitions {
  std::vector<platform_build> parts;
};

/// A frontend of the daemon makes the definition: "dockerfile.v0", or "gateway.v0" with the attribute `source` for one in an
/// image. Its result is taken as it is.
struct frontend_call {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::shared_ptr<const pb::Definition>> inputs;
};

/// What is solved. A gateway program is a frontend on our side.
using solve_source = std::variant<definitions, frontend_call, std::shared_ptr<gateway_program>>;

/// One wanted result: an image or another output. Its solve has its own exporters and its own place in the daemon's history.
struct solve_request {
  /// For people, when a build has several.
  std::string name;
  /// Names the solve in the daemon's history; made when empty.
  std::string ref;
  /// The session for what this solve alone needs; run_build() sets it.
  std::string session_id;
  solve_source source;
  /// What it is for; empty: nobody said it, so it is for the daemon's own platform.
  std::vector<oci::platform> platforms;
  /// Several need BuildKit 0.13.
  std::vector<export_request> exports;
  std::vector<cache_place> cache_imports;
  std::vector<cache_place> cache_exports;
  attestations attest;
  /// Nobody asked for the SBOM, it is a default: the build goes on without it when its scanner cannot be pulled.
  bool sbom_is_optional = false;
  /// What steps may do beyond the sandbox: network.host, security.insecure (util/entitlements).
  std::vector<std::string> entitlements;
  /// Replaces or refuses sources; may be null.
  std::shared_ptr<const moby::buildkit::v1::sourcepolicy::Policy> source_policy;
  /// For frontends and exporters; in finished definitions each operation says it.
  bool no_cache = false;
  /// What the daemon's history calls the build; empty: nothing.
  std::string build_name;
  /// Seconds since 1970 that no time in the result may be later than; empty: none. Layers follow when the exporter is told
  /// rewrite-timestamp=true.
  std::string source_date_epoch;
};

}  // namespace peelbox::client
