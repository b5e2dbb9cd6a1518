// A report for people. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/bench/report.hpp"

namespace peelbox::cli::bench {

/// "38.2 ms", "1.24 s", "812 µs".
std::string seconds_text(double seconds);

/// What a figure's value is called: seconds, or bytes.
std::string figure_text(figure f, double value);

/// In words: "0.55 (0.50 to 0.61): peelbox is faster". An interval that says nothing is told as that.
std::string verdict_text(figure f, const estimate& ratio, const std::string& ours, const std::string& theirs);

/// Who, on what, and how often.
std::vector<std::string> heading_lines(const report& all);
/// One workload, right after it was measured.
std::vector<std::string> workload_lines(const report& all, const measured& work);
/// A comparison with an older report; the last line says what it comes to.
std::vector<std::string> comparison_lines(const comparison& found, double threshold);

}  // namespace peelbox::cli::bench
