#include "tests/support/memory_stream.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/event.hpp"

namespace peelbox::test {

namespace {

// One direction.
struct pipe {
  explicit pipe(executor ex) : changed(std::move(ex)) {}
  event changed;
  byte_chain queued;
  bool writer_gone = false;
  bool reader_gone = false;
  bool broken = false;
};

class memory_stream final : public transport::stream {
 public:
  memory_stream(executor ex, std::string name, std::shared_ptr<memory_end> end, std::shared_ptr<pipe> in,
                std::shared_ptr<pipe> out)
      : executor_(std::move(ex)), name_(std::move(name)), end_(std::move(end)), in_(std::move(in)), out_(std::move(out)) {}
  ~memory_stream() override { close(); }

  task<result<byte_view>> read() override {
    if (end_->pauses) co_await asio::post(executor_, asio::use_awaitable);
    if (fails()) co_return broken("read");
    while (true) {
      if (end_->closed) co_return failure(errc::cancelled, name_ + ": read: closed", origin::us);
      if (in_->broken) co_return broken("read");
      if (!in_->queued.empty()) break;
      if (in_->writer_gone) co_return byte_view();
      co_await wait(*in_);
    }
    current_ = in_->queued.slices().front();
    const std::size_t count = std::min(std::max<std::size_t>(end_->most_per_read, 1), current_.size());
    current_ = current_.sub(0, count);
    in_->queued.consume(count);
    in_->changed.notify();
    end_->bytes_read += count;
    co_return current_.view();
  }

  task<result<void>> write(byte_chain bytes) override {
    if (end_->pauses) co_await asio::post(executor_, asio::use_awaitable);
    if (fails()) co_return broken("write");
    while (true) {
      if (end_->closed) co_return failure(errc::cancelled, name_ + ": write: closed", origin::us);
      if (out_->broken || out_->reader_gone || out_->writer_gone) co_return broken("write");
      if (bytes.empty()) co_return result<void>();
      const std::size_t room = end_->capacity - std::min(end_->capacity, out_->queued.size());
      if (room == 0) {
        co_await wait(*out_);
        continue;
      }
      const std::size_t before = bytes.size();
      bytes.move_front(room, out_->queued);
      end_->bytes_written += before - bytes.size();
      out_->changed.notify();
    }
  }

  task<result<void>> shutdown_write() override {
    if (fails()) co_return broken("shutdown");
    out_->writer_gone = true;
    out_->changed.notify();
    co_return result<void>();
  }

  void close() noexcept override {
    end_->closed = true;
    out_->writer_gone = true;
    in_->reader_gone = true;
    in_->changed.notify();
    out_->changed.notify();
  }

  std::string describe() const override { return name_; }

 private:
  // Counts the operation; true when it is the one at which the connection breaks.
  bool fails() {
    const std::size_t number = end_->operations++;
    if (end_->fail_at != number) return false;
    in_->broken = out_->broken = true;
    in_->changed.notify();
    out_->changed.notify();
    return true;
  }
  failure broken(std::string_view operation) const {
    return failure(errc::connection, name_ + ": " + std::string(operation) + ": broken", origin::transport);
  }
  static task<void> wait(pipe& p) {
    const wake why = co_await p.changed.wait();
    if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }

  executor executor_;
  std::string name_;
  std::shared_ptr<memory_end> end_;
  std::shared_ptr<pipe> in_;
  std::shared_ptr<pipe> out_;
  byte_slice current_;  // what the last read() gave
};

}  // namespace

memory_pair make_memory_pair(executor ex, memory_end a, memory_end b) {
  auto a_to_b = std::make_shared<pipe>(ex);
  auto b_to_a = std::make_shared<pipe>(ex);
  memory_pair pair;
  pair.end_a = std::make_shared<memory_end>(std::move(a));
  pair.end_b = std::make_shared<memory_end>(std::move(b));
  pair.a = std::make_unique<memory_stream>(ex, "memory:a", pair.end_a, b_to_a, a_to_b);
  pair.b = std::make_unique<memory_stream>(ex, "memory:b", pair.end_b, a_to_b, b_to_a);
  return pair;
}

}  // namespace peelbox::test
