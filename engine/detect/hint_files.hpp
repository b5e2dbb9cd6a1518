// The files that take_hints() asks, one kind after the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// The Dockerfile that says most about the service, if there is one.
void take_dockerfile(analysis& work);
void take_dockerfile(analysis& work, const std::string& path);
/// Programs that the last stage of the Dockerfile installs beside what the build system asks for.
void take_packages_of_image(analysis& work);
/// The tool of packages.cpp for a program that services call, by its name in Debian or Alpine; "" when there is none.
std::string_view tool_of_program(std::string_view name);
/// What is not known yet, from the compose service that is built from the service's directory or its Dockerfile.
void take_compose(analysis& work, const std::string& path);
/// Ports of a compose service without a build whose image is called after the service's directory: "shop/api" of "api".
void take_compose_of_image(analysis& work, const std::string& path);
/// Ports and probes of Kubernetes manifests and Helm values.
void take_manifests(analysis& work);

/// A path that no text of a Dockerfile has spoilt.
bool is_health_path(std::string_view path);
/// `all` is ascending by directory.
bool is_candidate(const std::vector<candidate>& all, std::string_view dir);

}  // namespace peelbox::detect
