// A transport::stream in the form that Boost.Beast wants its lower layer to have (AsyncStream). For websocket.cpp only.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/async/timeout.hpp"
#include "transport/stream.hpp"

namespace peelbox::http {

/// The stream and what is known of it. Operations own a share: Beast begins some by itself (pongs, pings) and leaves them
/// behind when it is destroyed.
struct beast_wire {
  transport::stream_ptr on;
  std::chrono::milliseconds stall;  ///< of one write
  byte_view left;                   ///< read from `on`, not yet taken by Beast
  /// Why the stream failed first; Beast passes error codes on, which say less.
  std::optional<failure> why;
};

struct beast_outcome {
  boost::system::error_code error;
  std::size_t count = 0;
};

class beast_stream {
 public:
  using executor_type = executor;

  beast_stream(executor ex, std::shared_ptr<beast_wire> wire) : executor_(std::move(ex)), wire_(std::move(wire)) {}

  executor_type get_executor() const noexcept { return executor_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    // The first one that is not empty is enough.
    asio::mutable_buffer to;
    for (auto i = asio::buffer_sequence_begin(buffers); i != asio::buffer_sequence_end(buffers) && to.size() == 0; ++i)
      to = *i;
    return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this, to](auto handler) { start(read(wire_, to), std::move(handler)); }, token);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    // The caller keeps its memory for this operation only, and a stream may hold slices for longer.
    std::string bytes(std::min(asio::buffer_size(buffers), most_at_once), '\0');
    asio::buffer_copy(asio::buffer(bytes), buffers);
    byte_slice copy = byte_slice::of(std::move(bytes));
    return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this, copy = std::move(copy)](auto handler) { start(write(wire_, copy), std::move(handler)); }, token);
  }

  /// Beast calls these two by their names: the end of an orderly close, and the end at once.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, beast_stream& s, Handler&& handler) {
    const auto slot = asio::get_associated_cancellation_slot(handler);
    auto done = [handler = std::forward<Handler>(handler)](boost::system::error_code error, std::size_t) mutable {
      std::move(handler)(error);
    };
    s.start(end(s.wire_), asio::bind_cancellation_slot(slot, std::move(done)));
  }
  friend void beast_close_socket(beast_stream& s) { s.wire_->on->close(); }

 private:
  static constexpr std::size_t most_at_once = 256 << 10;

  /// Runs `work`, which never completes inside of this call, and gives its outcome to the handler.
  template <class Handler>
  void start(task<beast_outcome> work, Handler handler) {
    const auto slot = asio::get_associated_cancellation_slot(handler);
    const auto where = asio::get_associated_executor(handler, executor_);
    auto done = [handler = std::move(handler)](std::exception_ptr thrown, beast_outcome got) mutable {
      // Nothing else than a cancellation is thrown here.
      if (thrown) got = {asio::error::operation_aborted, 0};
      std::move(handler)(got.error, got.count);
    };
    asio::co_spawn(executor_, std::move(work),
                   asio::bind_cancellation_slot(slot, asio::bind_executor(where, std::move(done))));
  }

  static boost::system::error_code noted(beast_wire& wire, const failure& why) {
    // close() says less than whoever called it.
    if (why.code == errc::cancelled) return asio::error::operation_aborted;
    if (!wire.why) wire.why = why;
    return asio::error::connection_reset;
  }

  static task<beast_outcome> read(std::shared_ptr<beast_wire> wire, asio::mutable_buffer to) {
    if (to.size() == 0) co_return beast_outcome();
    if (wire->left.empty()) {
      auto reading = wire->on->read();
      result<byte_view> got = co_await std::move(reading);
      if (got.has_error()) co_return beast_outcome{noted(*wire, got.error())};
      if (got->empty()) co_return beast_outcome{asio::error::eof};
      wire->left = *got;
    }
    const std::size_t count = std::min(to.size(), wire->left.size());
    std::memcpy(to.data(), wire->left.data(), count);
    wire->left = wire->left.subspan(count);
    co_return beast_outcome{{}, count};
  }

  static task<beast_outcome> write(std::shared_ptr<beast_wire> wire, byte_slice bytes) {
    const std::size_t count = bytes.size();
    byte_chain chain(std::move(bytes));
    auto writing = wire->on->write(std::move(chain));
    std::string late = fmt::format("{}: the peer has taken nothing for {} ms", wire->on->describe(), wire->stall.count());
    result<void> sent = co_await with_timeout(std::move(writing), wire->stall, std::move(late));
    if (sent.has_error()) co_return beast_outcome{noted(*wire, sent.error())};
    co_return beast_outcome{{}, count};
  }

  /// The peer has our goodbye before the end of the bytes; it is not waited for to end its own.
  static task<beast_outcome> end(std::shared_ptr<beast_wire> wire) {
    auto ending = wire->on->shutdown_write();
    std::string late = "the end of the connection was not taken";
    (void)co_await with_timeout(std::move(ending), wire->stall, std::move(late));
    co_return beast_outcome();
  }

  executor executor_;
  std::shared_ptr<beast_wire> wire_;
};

}  // namespace peelbox::http
