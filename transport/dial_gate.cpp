#include "transport/dial_gate.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace peelbox::transport {

void dial_gate::pass::leave() noexcept {
  if (!gate_) return;
  --gate_->inside_;
  gate_->left_->notify();
  gate_.reset();
}

void dial_gate::pass::narrow_gate() noexcept {
  if (gate_ && gate_->most_ > 1) --gate_->most_;
}

task<dial_gate::pass> dial_gate::enter(std::shared_ptr<dial_gate> gate) {
  const executor ex = co_await asio::this_coro::executor;
  pass inside;
  if (!gate) co_return std::move(inside);
  if (!gate->left_) gate->left_.emplace(ex);
  while (gate->inside_ >= gate->most_) {
    const wake why = co_await gate->left_->wait();
    if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
  ++gate->inside_;
  inside.gate_ = std::move(gate);
  co_return std::move(inside);
}

}  // namespace peelbox::transport
