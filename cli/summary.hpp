// The last words of a build.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/build_plan.hpp"
#include "engine/client/build.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::cli {

/// "1.5 GB", "17.3 kB": decimal units as in progress lines.
std::string human_bytes(std::uint64_t bytes);
/// "0.4s", "1m 12s".
std::string human_time(std::chrono::milliseconds time);

/// The digest of the image; empty for exporters without one.
std::string image_digest(const client::service_outcome& outcome);

/// How the image came to Docker.
std::string delivery_text(const client::docker_delivery& delivery, std::uint64_t bytes);

/// For one successful service, a line for each property; for several, a line for each service.
std::vector<std::string> summary_lines(const prepared_build& prepared, const client::build_outcome& outcome,
                                       const progress::trace& picture, std::chrono::milliseconds took);

/// One line: what failed, after how long, and how far the build had come. `stopped`: it was interrupted.
std::string failure_line(const progress::trace& picture, std::chrono::milliseconds took, bool stopped = false);

/// A line for each step whose output the daemon clipped (at most three), and how to change the limit; or nothing.
std::vector<std::string> clipped_lines(const progress::trace& picture);

}  // namespace peelbox::cli
