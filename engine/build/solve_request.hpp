// The requests of a build.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/build/solve_options.hpp"
#include "proto/control.pb.h"
#include "proto/gateway.pb.h"

namespace peelbox::build {

/// Whether the build has to go through the gateway. Attestations and results of several platforms need metadata of the
/// result, which a plain definition cannot carry (solver/llbsolver/proc, exporter/containerimage/writer.go), and dockerd's
/// exporter "moby" reads nothing else (moby, daemon/internal/builder/exporter).
bool needs_gateway(const solve_options& options);

/// Control.Solve. With the gateway the definition is left out and goes into gateway_solve(); Control.Solve then waits
/// for gateway_return() (control/control.go, frontend/gateway).
moby::buildkit::v1::SolveRequest control_solve(const solve_options& options);
moby::buildkit::v1::frontend::SolveRequest gateway_solve(const platform_build& part);
/// `solved` in the order of `options.parts`.
moby::buildkit::v1::frontend::ReturnRequest gateway_return(
    const solve_options& options, const std::vector<moby::buildkit::v1::frontend::SolveResponse>& solved);
/// The words for a definition that is larger than the daemon takes in one message (grpc-go, rpc_util.go); std::nullopt when
/// `why` says something else.
std::optional<failure> definition_too_large(const failure& why);
/// How the name of the daemon's step begins that asks for a base image; the reference follows.
inline constexpr std::string_view metadata_step = "load metadata for ";
/// What makes an SBOM unless the attestation names another image (frontend/attestations/parse.go).
inline constexpr std::string_view default_sbom_scanner = "docker.io/docker/buildkit-syft-scanner:stable-1";
/// The digest and configuration of an image (solver/llbsolver/bridge.go). `reference` is normalised. For an empty platform
/// that of the daemon.
moby::buildkit::v1::frontend::ResolveImageConfigRequest gateway_resolve(const std::string& reference,
                                                                        const oci::platform& platform);

}  // namespace peelbox::build
