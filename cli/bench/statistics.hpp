// What may be said about measured values, and what may not. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace peelbox::cli::bench {

/// A value with the interval that holds the true one with probability `confidence`.
struct estimate {
  double value = 0;
  double low = 0;
  double high = 0;
  double confidence = 0;
};

/// The middle value; the mean of the two in the middle for an even number. 0 for none.
double median(std::vector<double> values);

/// The smallest value that at least `part` (0 to 1) of all do not exceed. 0 for none.
double percentile(std::vector<double> values, double part);

/// The median, and the narrowest pair of measured values around it that holds the true median with a probability of 95% (order
/// statistics: no shape of the distribution is assumed). Five values or fewer cannot give that; then it is the smallest and the
/// largest with the confidence that those have.
estimate median_estimate(std::vector<double> values);

/// The median of ours / theirs within each pair. Values that belong together stand at the same place; pairs whose second value is
/// not positive are left out.
estimate ratio_estimate(const std::vector<double>& ours, const std::vector<double>& theirs);

/// The ratio of two medians that were measured at different times: values are drawn again from each list, 2,000 times, with a
/// generator that always begins alike, so equal input gives an equal answer.
estimate unpaired_ratio(const std::vector<double>& now, const std::vector<double>& before);

/// An interval with less confidence says nothing.
inline constexpr double sure = 0.90;

enum class verdict { less, more, equal, unclear };
std::string_view to_string(verdict v) noexcept;

/// What an interval of a ratio says about 1. `margin` is a difference that nobody minds: equal is an interval within it, less
/// and more are intervals on one side of 1. All others, and those that are not sure, say nothing.
verdict judge(const estimate& ratio, double margin = 0.05) noexcept;

}  // namespace peelbox::cli::bench
