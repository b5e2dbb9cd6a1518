#include "cli/bench/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace peelbox::cli::bench {
namespace {

TEST(Statistics, MedianAndPercentiles) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  std::vector<double> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  EXPECT_EQ(percentile(hundred, 0.5), 50);
  EXPECT_EQ(percentile(hundred, 0.95), 95);
  EXPECT_EQ(percentile(hundred, 0.99), 99);
  EXPECT_EQ(percentile(hundred, 0), 1);
  EXPECT_EQ(percentile({7}, 0.99), 7);
  EXPECT_EQ(percentile({}, 0.5), 0);
}

// The coverage of order statistics: 1 - 2 * sum of binomials / 2^n.
TEST(Statistics, IntervalOfAMedian) {
  const estimate six = median_estimate({1, 2, 3, 4, 5, 6});
  EXPECT_EQ(six.low, 1);
  EXPECT_EQ(six.high, 6);
  EXPECT_NEAR(six.confidence, 1 - 2.0 / 64, 1e-9);
  const estimate nine = median_estimate({9, 8, 7, 6, 5, 4, 3, 2, 1});
  EXPECT_EQ(nine.value, 5);
  EXPECT_EQ(nine.low, 2);
  EXPECT_EQ(nine.high, 8);
  EXPECT_NEAR(nine.confidence, 1 - 2.0 * 10 / 512, 1e-9);
  const estimate three = median_estimate({1, 2, 3});
  EXPECT_NEAR(three.confidence, 0.75, 1e-9);
  EXPECT_EQ(median_estimate({1}).confidence, 0);
  std::vector<double> many(1000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = double(i);
  const estimate of_many = median_estimate(many);
  EXPECT_GE(of_many.confidence, 0.95);
  EXPECT_GT(of_many.low, 460);
  EXPECT_LT(of_many.high, 540);
}

TEST(Statistics, RatiosAreTakenWithinPairs) {
  // The machine became ten times slower after the third pair: medians of the lists would hide what each pair shows.
  const estimate ratio = ratio_estimate({1, 1, 1, 10, 10, 10}, {2, 2, 2, 20, 20, 20});
  EXPECT_EQ(ratio.value, 0.5);
  EXPECT_EQ(judge(ratio), verdict::less);
  EXPECT_EQ(ratio_estimate({1, 2}, {0, 4}).value, 0.5) << "a pair without a base says nothing";
  EXPECT_EQ(ratio_estimate({}, {}).value, 0);
}

TEST(Statistics, Verdicts) {
  EXPECT_EQ(judge({0.5, 0.4, 0.9, 0.95}), verdict::less);
  EXPECT_EQ(judge({2, 1.1, 3, 0.95}), verdict::more);
  EXPECT_EQ(judge({1.01, 0.97, 1.04, 0.95}), verdict::equal);
  EXPECT_EQ(judge({0.9, 0.7, 1.2, 0.95}), verdict::unclear);
  EXPECT_EQ(judge({0.5, 0.4, 0.6, 0.75}), verdict::unclear) << "three runs conclude nothing";
  EXPECT_EQ(judge({0, 0, 0, 0.99}), verdict::unclear);
}

TEST(Statistics, RatiosOfDifferentTimes) {
  const std::vector<double> before{10, 11, 10, 12, 10, 11, 10};
  const std::vector<double> now{20, 21, 22, 20, 20, 21, 23};
  const estimate slower = unpaired_ratio(now, before);
  EXPECT_NEAR(slower.value, 2.1, 0.01);
  EXPECT_GT(slower.low, 1.6);
  EXPECT_EQ(judge(slower), verdict::more);
  const estimate again = unpaired_ratio(now, before);
  EXPECT_EQ(slower.low, again.low) << "equal input, equal answer";
  EXPECT_EQ(unpaired_ratio({}, before).value, 0);
  EXPECT_EQ(unpaired_ratio(now, {0, 0, 0}).value, 0);
  EXPECT_LT(unpaired_ratio({1, 2, 3}, {1, 2, 3}).confidence, sure);
}

}  // namespace
}  // namespace peelbox::cli::bench
