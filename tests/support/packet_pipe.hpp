// Two packet channels back to back in memory.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "engine/filesync/packet_channel.hpp"
#include "tests/support/channel.hpp"

namespace peelbox::test {

/// Each direction holds at most `capacity` packets. A packet that is one slice is handed over without a copy.
class packet_pipe {
 public:
  packet_pipe(executor ex, std::size_t capacity)
      : there_(ex, capacity), back_(ex, capacity), first_(there_, back_), second_(back_, there_) {}

  filesync::packet_channel& first() noexcept { return first_; }
  filesync::packet_channel& second() noexcept { return second_; }

 private:
  using queue = channel<byte_slice>;

  class end final : public filesync::packet_channel {
   public:
    end(queue& out, queue& in) : out_(out), in_(in) {}
    task<result<void>> send(byte_chain packet) override {
      byte_slice whole = packet.slices().size() == 1 ? packet.slices().front() : byte_slice::of(packet.str());
      return push(std::move(whole));
    }
    task<result<void>> send_batch(filesync::packet_batch batch) override {
      std::size_t begin = 0;
      for (const std::uint32_t e : batch.ends) {
        result<void> sent = co_await push(batch.bytes.sub(begin, e - begin));
        if (!sent) co_return sent.error();
        begin = e;
      }
      co_return result<void>();
    }
    task<result<std::optional<byte_slice>>> receive() override { return in_.pop(); }
    /// What the peer sees as the end of the call.
    void close() { out_.close(); }
    void break_with(const failure& why) {
      out_.close(why);
      in_.close(why);
    }

   private:
    task<result<void>> push(byte_slice packet) {
      // Usually the queue has room; asking first saves a coroutine.
      if (out_.try_push(packet)) co_return result<void>();
      const bool taken = co_await out_.push(std::move(packet));
      if (taken) co_return result<void>();
      co_return failure(errc::connection, "the pipe is closed", origin::transport);
    }
    queue& out_;
    queue& in_;
  };

  queue there_;
  queue back_;
  end first_;
  end second_;

 public:
  void close_first() { first_.close(); }
  void close_second() { second_.close(); }
  void break_with(const failure& why) { first_.break_with(why); }
};

}  // namespace peelbox::test
