// The configuration of the image that a plan makes, as JSON.
#pragma once

#include <string>
#include <vector>

#include "engine/spec/plan.hpp"

namespace peelbox::spec {

/// OCI image configuration (image-spec config.md) with Docker's Healthcheck. The daemon fills in the layers,
/// the history and `created`; it merges nothing from the base image (exporter/containerimage/writer.go), so
/// this is complete: the configuration of options.runtime_base, changed by the spec as a Dockerfile's instructions would
/// (table in docs/universalbuild.md). Keys are sorted. `has_shell` is false for distroless images, which cannot run a health
/// check.
std::string image_config_json(const universal_build& service, const plan_options& options, bool has_shell);

/// What the exporter makes for itself for an image without configuration (exporter/containerimage/writer.go), but for
/// `platform`.
std::string plain_image_config_json(const oci::platform& platform);

/// The shell text of the health check. Public for tests.
std::string health_command(std::uint16_t port, const std::string& endpoint);

}  // namespace peelbox::spec
