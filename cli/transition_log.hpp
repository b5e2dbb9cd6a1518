// What -v shows of a build's steps and transfers.
#pragma once

#include <vector>

#include "engine/async/log.hpp"
#include "engine/progress/listener.hpp"

namespace peelbox::cli {

/// Writes a line at log_level::info for each step that changes its state, and for each transfer that ends.
class transition_log final : public progress::listener {
 public:
  explicit transition_log(const logger& log) : log_(log) {}

  void update(const progress::batch& events, const progress::trace& picture, progress::wall_time now) override;
  void finish(const progress::trace& picture, progress::wall_time now) override;
  bool wants_lines() const noexcept override { return false; }

 private:
  void tell(const progress::trace& picture, progress::wall_time now);

  const logger& log_;
  std::vector<progress::step_state> known_;  // by step
};

}  // namespace peelbox::cli
