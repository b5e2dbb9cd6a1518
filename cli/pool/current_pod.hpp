// The pod that a tunnel leads to, chosen again when it goes.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cli/pool/view.hpp"
#include "engine/async/event.hpp"

namespace peelbox::cli::pool {

/// One for all connections, because a client that opens several of them means one daemon. One thread.
class current_pod {
 public:
  struct reached {
    std::string pod;
    std::string uid;  ///< the next pod of its name is another one
    std::shared_ptr<client::route> way;
  };

  current_pod(pool_view_ptr pool, std::string arch, executor ex) : pool_(std::move(pool)), arch_(std::move(arch)), changed_(std::move(ex)) {}

  /// The chosen one while it is usable, which is known from follow(), else looked at every 2 s at most; else another one, which is said.
  /// errc::not_found when the set has no pod that is ready; else the failures of the API.
  task<result<reached>> get();
  /// Watches the chosen one until it is cancelled, so that its end is known, and said, when it comes.
  task<result<void>> follow();
  /// It does not answer: the next get() looks at once, and prefers others.
  void failed(const std::string& pod);
  /// A connection to it broke, which may be its end: the next get() looks at once.
  void broke() noexcept { looked_ = {}; }
  /// "buildkit-amd64"
  std::string set_name() const { return pool_->args->prefix + arch_; }

 private:
  task<result<void>> look();
  void leave(const std::string& why);

  pool_view_ptr pool_;
  std::string arch_;
  event changed_;
  bool looking_ = false;
  std::optional<reached> now_;
  std::string failed_;
  std::string before_;  ///< the one that was left, until there is another one
  bool followed_ = false;
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace peelbox::cli::pool
