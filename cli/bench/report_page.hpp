// A report as a page: one HTML file with plots, which loads nothing. Pure.
#pragma once

#include <optional>
#include <string>

#include "cli/bench/report.hpp"

namespace peelbox::cli::bench {

/// All text in it comes escaped, whoever wrote it.
std::string report_page(const report& all, const std::optional<comparison>& compared, double threshold);

}  // namespace peelbox::cli::bench
