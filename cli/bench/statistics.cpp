#include "cli/bench/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace peelbox::cli::bench {

namespace {

constexpr double wanted_confidence = 0.95;

/// The probability that the interval from the value at `k` (from 0) to the one at the same distance from the end holds the
/// median of what `n` values were drawn from.
double coverage(std::size_t n, std::size_t k) {
  // Both tails of the binomial distribution with p = 1/2, in logarithms because 2^n is too large.
  double tail = 0;
  for (std::size_t i = 0; i <= k; ++i) {
    const double ways = std::lgamma(double(n) + 1) - std::lgamma(double(i) + 1) - std::lgamma(double(n - i) + 1);
    tail += std::exp(ways - double(n) * std::log(2.0));
  }
  return std::max(0.0, 1 - 2 * tail);
}

double middle_of_sorted(const std::vector<double>& sorted) {
  if (sorted.empty()) return 0;
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return middle_of_sorted(values);
}

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(part * double(values.size()));
  return values[std::min(values.size() - 1, std::size_t(std::max(1.0, rank)) - 1)];
}

estimate median_estimate(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  estimate found;
  if (values.empty()) return found;
  found.value = middle_of_sorted(values);
  const std::size_t n = values.size();
  std::size_t k = 0;
  while (k + 1 < (n + 1) / 2 && coverage(n, k + 1) >= wanted_confidence) ++k;
  found.low = values[k];
  found.high = values[n - 1 - k];
  found.confidence = n == 1 ? 0 : coverage(n, k);
  return found;
}

estimate ratio_estimate(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i)
    if (theirs[i] > 0) ratios.push_back(ours[i] / theirs[i]);
  return median_estimate(std::move(ratios));
}

estimate unpaired_ratio(const std::vector<double>& now, const std::vector<double>& before) {
  estimate found;
  const double base = median(before);
  if (now.empty() || base <= 0) return found;
  found.value = median(now) / base;
  constexpr std::size_t rounds = 2000;
  std::mt19937 numbers(1);
  const auto draw = [&](const std::vector<double>& from) {
    std::vector<double> drawn(from.size());
    for (double& one : drawn) one = from[numbers() % from.size()];
    return median(std::move(drawn));
  };
  std::vector<double> ratios;
  ratios.reserve(rounds);
  for (std::size_t i = 0; i < rounds; ++i) {
    const double below = draw(before);
    const double above = draw(now);
    if (below > 0) ratios.push_back(above / below);
  }
  found.low = percentile(ratios, 0.025);
  found.high = percentile(ratios, 0.975);
  // A handful of values draws the same few medians again and again, which looks surer than it is.
  const std::size_t fewest = std::min(now.size(), before.size());
  found.confidence = fewest == 1 ? 0 : std::min(wanted_confidence, coverage(fewest, 0));
  return found;
}

std::string_view to_string(verdict v) noexcept {
  switch (v) {
    case verdict::less: return "less";
    case verdict::more: return "more";
    case verdict::equal: return "equal";
    case verdict::unclear: break;
  }
  return "unclear";
}

verdict judge(const estimate& ratio, double margin) noexcept {
  if (ratio.confidence < sure || ratio.value <= 0) return verdict::unclear;
  if (ratio.low >= 1 - margin && ratio.high <= 1 + margin) return verdict::equal;
  if (ratio.high < 1) return verdict::less;
  if (ratio.low > 1) return verdict::more;
  return verdict::unclear;
}

}  // namespace peelbox::cli::bench
