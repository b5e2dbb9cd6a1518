// What a build asks the daemon for.
#pragma once

#include <map>
#include <optional>
#include <string>
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

struct solve_options {
  std::string ref;
  std::string session_id;
  pb::Definition definition;
  /// JSON image config; empty for exporters that have none (tar, local).
  std::string image_config;
  oci::platform platform;
  exporter target;
  attestations attest;
  bool no_cache = false;
  /// For exporters that take the image config from result metadata only (dockerd with graph drivers).
  bool through_gateway = false;
};

/// True when the build has to be run through the gateway: attestations are keyed by result metadata, which a plain
/// definition cannot carry (solver/llbsolver/proc, exporter/containerimage/writer.go); dockerd's exporter "moby" reads
/// nothing else (moby, daemon/internal/builder/exporter).
bool needs_gateway(const solve_options& options);

/// Control.Solve. With the gateway the definition is left out and goes into gateway_solve(); Control.Solve then waits
/// for gateway_return() (control/control.go, frontend/gateway).
moby::buildkit::v1::SolveRequest control_solve(const solve_options& options);
moby::buildkit::v1::frontend::SolveRequest gateway_solve(const solve_options& options);
moby::buildkit::v1::frontend::ReturnRequest gateway_return(const solve_options& options,
                                                           const moby::buildkit::v1::frontend::SolveResponse& solved);

}  // namespace peelbox::build
