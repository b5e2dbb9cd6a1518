// What a call needs from its connection.
#pragma once

#include <cstddef>
#include <utility>

#include "engine/async/asio.hpp"
#include "engine/async/bytes.hpp"
#include "engine/async/event.hpp"
#include "h2grpc/h2/session.hpp"

namespace peelbox::h2grpc {

/// The calls' side of a connection. What they intend goes to the session, and the writer is woken for it here, so that no
/// call has to remember to.
class call_host {
 public:
  struct limits {
    /// A call's send() waits while more bytes than this are queued for the call.
    std::size_t call_high_water = 0;
    /// Most bytes that all calls together should have queued: a call that has some then waits.
    std::size_t send_high_water = 0;
  };

  /// `writer` wakes whoever writes what `session` has to say. Both belong to the connection and may be constructed later.
  call_host(h2::session& session, event& writer, executor ex, limits most)
      : session_(session), writer_(writer), executor_(std::move(ex)), limits_(most) {}
  call_host(const call_host&) = delete;
  call_host& operator=(const call_host&) = delete;

  // As the functions of h2::session.
  void respond(h2::stream_id id, const h2::header_list& headers, bool end_stream) {
    session_.respond(id, headers, end_stream);
    wake_writer();
  }
  void write(h2::stream_id id, byte_chain bytes) {
    session_.write(id, std::move(bytes));
    wake_writer();
  }
  /// The write() that follows wakes the writer.
  void write_copy(h2::stream_id id, byte_view bytes) { session_.write_copy(id, bytes); }
  void end(h2::stream_id id) {
    session_.end(id);
    wake_writer();
  }
  void end(h2::stream_id id, h2::header_list trailers) {
    session_.end(id, std::move(trailers));
    wake_writer();
  }
  void reset(h2::stream_id id, h2::error_code code) {
    session_.reset(id, code);
    wake_writer_if_needed();
  }
  void consume(h2::stream_id id, std::size_t count) {
    session_.consume(id, count);
    wake_writer_if_needed();
  }
  void set_urgent(h2::stream_id id) { session_.set_urgent(id); }
  std::size_t queued(h2::stream_id id) const noexcept { return session_.queued(id); }
  std::size_t queued() const noexcept { return session_.queued(); }

  const executor& get_executor() const noexcept { return executor_; }
  const limits& most() const noexcept { return limits_; }

  /// The call's handle is gone: no more events for it.
  virtual void forget(h2::stream_id id) = 0;
  /// What a call holds of the memory for received bytes has changed: messages that wait for receive(), and those that
  /// have not ended. False: with that, all calls hold too much.
  virtual bool hold_received(std::ptrdiff_t waiting, std::ptrdiff_t unfinished) = 0;

 protected:
  ~call_host() = default;

  void wake_writer() { writer_.notify(); }
  /// For intentions that often have nothing to say to the peer.
  void wake_writer_if_needed() {
    if (session_.wants_write()) wake_writer();
  }

 private:
  h2::session& session_;
  event& writer_;
  executor executor_;
  limits limits_;
};

}  // namespace peelbox::h2grpc
