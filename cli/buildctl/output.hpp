// --output as buildctl reads it (cmd/buildctl/build/output.go).
#pragma once

#include <string_view>

#include "cli/output_option.hpp"

namespace peelbox::cli::buildctl {

/// CSV of KEY=VALUE with a type. What is no dest= goes to the daemon as it is, also what no exporter knows. Without dest=, or with
/// "-", a file goes to standard output. failure{usage} for a type that peelbox does not know, a directory without dest=, and
/// dest= of an exporter that keeps its output in the daemon.
result<output_option> parse_output(std::string_view text);

}  // namespace peelbox::cli::buildctl
