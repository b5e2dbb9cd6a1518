// The request of a build as messages of the wire.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/client/program.hpp"
#include "engine/client/request.hpp"
#include "proto/control.pb.h"
#include "proto/gateway.pb.h"

namespace peelbox::client {

/// Whether the build has to go through the gateway: a program always does. For finished definitions, attestations and results
/// of several platforms need metadata of the result, which a plain definition cannot carry (solver/llbsolver/proc,
/// exporter/containerimage/writer.go), and dockerd's exporter "moby" reads nothing else (moby, daemon/internal/builder/exporter).
bool needs_gateway(const solve_request& request);

/// Control.Solve. With the gateway there is neither definition nor frontend; it then waits for the program to return its
/// result (control/control.go, frontend/gateway). Then each solve of the program imports caches itself. Docker stores must have got their exporters.
moby::buildkit::v1::SolveRequest control_solve(const solve_request& request);
moby::buildkit::v1::frontend::SolveRequest gateway_solve(const pb::Definition& definition, const std::vector<cache_place>& imports);
moby::buildkit::v1::frontend::SolveRequest gateway_solve(const frontend_call& frontend, const std::vector<cache_place>& imports);
/// The results of definitions, in the order of `parts`, as one: with a single part its reference, else one for each
/// platform, and their image configurations.
gateway_result combined_result(const std::vector<platform_build>& parts, const std::vector<gateway_result>& solved);
/// A copy whose steps may come from the cache.
std::shared_ptr<const pb::Definition> with_cache(const pb::Definition& definition);
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

}  // namespace peelbox::client
