// How many connections are begun at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "engine/async/event.hpp"

namespace peelbox::transport {

/// Connections that share a gate wait for each other: an sshd, for one, drops connections at random once 10 of them have
/// not logged in yet (sshd_config, MaxStartups 10:30:100). One that is turned away makes the gate narrower for all, so that
/// a server with less room is met with fewer at a time. On one thread.
class dial_gate {
 public:
  explicit dial_gate(std::size_t most) : most_(most) {}

  /// Being inside; leaves when it is destroyed or reset.
  class pass {
   public:
    pass() = default;
    pass(pass&& other) noexcept : gate_(std::move(other.gate_)) { other.gate_.reset(); }
    pass& operator=(pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~pass() { leave(); }
    void leave() noexcept;
    /// From now on one less is inside at a time, at least one. Those inside stay.
    void narrow_gate() noexcept;

   private:
    friend class dial_gate;
    std::shared_ptr<dial_gate> gate_;
  };

  /// Waits until there is room. How long is bounded by those inside. No gate: at once.
  static task<pass> enter(std::shared_ptr<dial_gate> gate);

 private:
  std::size_t most_;
  std::size_t inside_ = 0;
  std::optional<event> left_;
};

}  // namespace peelbox::transport
