// What a build asks the daemon for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/oci/platform.hpp"
#include "proto/control.pb.h"
#include "proto/gateway.pb.h"

namespace peelbox::build {

/// One exporter of the daemon (exporter/*, client/exporters.go).
struct exporter {
  std::string type;  ///< oci, docker, tar, local, moby
  std::map<std::string, std::string> attributes;
};

/// Attestations to be made; absent = not requested. The value is the attribute text of
/// `attest:sbom` / `attest:provenance`; the presence of the key is what enables them (frontend/attestations/parse.go).
struct attestations {
  std::optional<std::string> sbom;
  std::optional<std::string> provenance;

  bool any() const noexcept { return sbom || provenance; }
};

/// What is built for one platform.
struct platform_build {
  oci::platform platform;
  pb::Definition definition;
  /// JSON image config; empty for exporters that have none (tar, local).
  std::string image_config;
};

struct solve_options {
  std::string ref;
  std::string session_id;
  /// At least one, each of another platform; several make one result of several platforms.
  std::vector<platform_build> parts;
  exporter target;
  attestations attest;
  bool no_cache = false;
  /// For exporters that take the image config from result metadata only (dockerd with graph drivers), and for
  /// definitions that are made when the base images are known.
  bool through_gateway = false;
};

/// True when the build has to be run through the gateway: attestations are keyed by result metadata, and results of
/// several platforms are named by it, which a plain definition cannot carry (solver/llbsolver/proc, exporter/containerimage/writer.go); dockerd's exporter "moby" reads
/// nothing else (moby, daemon/internal/builder/exporter).
bool needs_gateway(const solve_options& options);

/// Control.Solve. With the gateway the definition is left out and goes into gateway_solve(); Control.Solve then waits
/// for gateway_return() (control/control.go, frontend/gateway).
moby::buildkit::v1::SolveRequest control_solve(const solve_options& options);
moby::buildkit::v1::frontend::SolveRequest gateway_solve(const platform_build& part);
/// `solved` in the order of `options.parts`.
moby::buildkit::v1::frontend::ReturnRequest gateway_return(
    const solve_options& options, const std::vector<moby::buildkit::v1::frontend::SolveResponse>& solved);
/// How the daemon's step that looks at a base image is called; the reference follows.
inline constexpr std::string_view metadata_step = "load metadata for ";
/// The digest and configuration of a base image (solver/llbsolver/bridge.go). `reference` is normalised.
moby::buildkit::v1::frontend::ResolveImageConfigRequest gateway_resolve(const std::string& reference,
                                                                        const oci::platform& platform);

}  // namespace peelbox::build
