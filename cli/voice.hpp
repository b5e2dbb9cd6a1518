// Where lines for people go.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace peelbox::cli {

/// Lines go to standard error, or, while a display redraws a block there, to that display, which writes above the block.
/// All text is sanitised. Network thread only.
class voice {
 public:
  using way = std::function<void(std::string line)>;

  void say(std::string_view line) const;

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
  way way_;
};

}  // namespace peelbox::cli
