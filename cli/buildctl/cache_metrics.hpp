// buildctl's --debug-json-cache-metrics: which steps of a build came from the cache (cmd/buildctl/cachemetrics.go).
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/progress/listener.hpp"

namespace peelbox::cli::buildctl {

/// Counts vertices. Bounded: what comes after the first 200,000 is not counted.
class cache_metrics final : public progress::listener {
 public:
  void update(const progress::batch& events, const progress::trace& picture, progress::wall_time now) override;
  bool wants_lines() const noexcept override { return false; }
  void finish(const progress::trace&, progress::wall_time) override {}

  /// A line "cache miss: NAME" for each step of the user that was not cached, in the order in which they were announced, then the
  /// counts as a line of JSON. Names are made harmless.
  std::string text(std::chrono::milliseconds took) const;

 private:
  struct seen {
    std::string name;
    bool cached = false;
    bool completed = false;
    bool from = false;
  };
  std::vector<seen> all_;
  std::unordered_map<std::string, std::size_t> by_digest_;
};

}  // namespace peelbox::cli::buildctl
