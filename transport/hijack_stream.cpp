#include "transport/hijack_stream.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/async/timeout.hpp"

namespace peelbox::transport {
namespace {

class prefixed_stream final : public stream {
 public:
  prefixed_stream(stream_ptr inner, std::string first) : inner_(std::move(inner)), first_(std::move(first)) {}

  task<result<byte_view>> read() override {
    if (first_.empty() || std::exchange(given_, true)) return inner_->read();
    return give_first();
  }
  task<result<void>> write(byte_chain bytes) override { return inner_->write(std::move(bytes)); }
  task<result<void>> shutdown_write() override { return inner_->shutdown_write(); }
  void close() noexcept override { inner_->close(); }
  std::string describe() const override { return inner_->describe(); }

 private:
  task<result<byte_view>> give_first() { co_return as_bytes(first_); }

  stream_ptr inner_;
  std::string first_;
  bool given_ = false;
};

task<result<stream_ptr>> upgrade(stream_ptr inner, upgrade_request request) {
  const std::string name = inner->describe();
  const std::string target = request.target;
  http_upgrade machine(std::move(request));
  result<std::string> head = machine.request_bytes();
  if (head.has_error()) co_return head.error().in(name);
  byte_chain bytes(byte_slice::of(std::move(*head)));
  result<void> sent = co_await inner->write(std::move(bytes));
  // A daemon that refuses may close before it has read everything; what counts is its answer.
  for (;;) {
    result<byte_view> got = co_await inner->read();
    if (got.has_error() && got.error().code == errc::connection)
      co_return failure(errc::connection,
                        fmt::format("the connection was closed during the upgrade (POST {}): {}", target,
                                    sent.has_error() ? sent.error().text : got.error().text),
                        origin::peer);
    if (got.has_error()) co_return got.error();
    if (got->empty()) co_return machine.end().in(name);
    result<bool> done = machine.feed(*got);
    if (done.has_error()) co_return done.error().in(name);
    if (*done) break;
  }
  std::string left = machine.take_leftover();
  if (left.empty()) co_return std::move(inner);
  co_return make_prefixed_stream(std::move(inner), std::move(left));
}

}  // namespace

stream_ptr make_prefixed_stream(stream_ptr inner, std::string first) {
  return std::make_unique<prefixed_stream>(std::move(inner), std::move(first));
}

task<result<stream_ptr>> hijack(stream_ptr inner, upgrade_request request, std::chrono::milliseconds limit) {
  std::string late = fmt::format("{}: no answer to POST {} within {} ms: the daemon hangs or is overloaded",
                                 inner->describe(), request.target, limit.count());
  auto work = upgrade(std::move(inner), std::move(request));
  return with_timeout(std::move(work), limit, std::move(late));
}

}  // namespace peelbox::transport
