// Where lines for people go.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/progress/ci_log.hpp"

namespace peelbox::cli {

/// Lines go to standard error, or, while a display redraws a block there, to that display, which writes above the block.
/// All text is sanitised. Network thread only.
class voice {
 public:
  using way = std::function<void(std::string line)>;

  /// `ci`: the service whose log shows the lines.
  explicit voice(progress::ci_log ci = progress::ci_log::none) : ci_(ci) {}

  /// The line gives no commands to that service: it may repeat words of the build.
  void say(std::string_view line) const;
  /// A line that is meant for that service.
  void remark(std::string_view line) const;

  /// Sends lines elsewhere as long as it lives.
  class detour {
   public:
    detour(voice& of, way to) : voice_(of), before_(std::exchange(of.way_, std::move(to))) {}
    ~detour() { voice_.way_ = std::move(before_); }
    detour(const detour&) = delete;
    detour& operator=(const detour&) = delete;

   private:
    voice& voice_;
    way before_;
  };

 private:
  void write(std::string line) const;

  progress::ci_log ci_;
  way way_;
};

}  // namespace peelbox::cli
