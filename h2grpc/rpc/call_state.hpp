// What both kinds of call keep while they run: the receiving half, and sending with back-pressure.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "engine/async/asio.hpp"
#include "engine/async/event.hpp"
#include "h2grpc/grpc/framing.hpp"
#include "h2grpc/h2/event.hpp"
#include "h2grpc/rpc/call.hpp"
#include "h2grpc/rpc/call_host.hpp"

namespace peelbox::h2grpc {

/// Owned by the connection's table while the stream lives, and by the call's handle. The connection calls the on_…
/// functions with what arrived; the handle's coroutines wait for `changed_`.
///
/// Receive window: the bytes of a message are returned to the peer when receive() takes it. When no complete message
/// waits, the bytes of an incomplete one are returned at once, because a message larger than the window could never
/// arrive otherwise. So a call holds at most one window and one message (max_message_size).
class call_state : public std::enable_shared_from_this<call_state> {
 public:
  call_state(std::shared_ptr<call_host> host, h2::stream_id id);
  virtual ~call_state() = default;

  virtual void on_headers(h2::header_list headers, bool end_stream) = 0;
  void on_data(byte_view bytes);
  virtual void on_end() = 0;
  virtual void on_closed(const h2::stream_closed& closed) = 0;
  virtual void on_connection_end(const failure& why) = 0;
  void on_drained();

  task<result<void>> send(byte_chain message);
  /// Each piece of `bytes` up to the next of `ends` is one message. All are queued together, with one wait.
  task<result<void>> send_batch(byte_slice bytes, std::vector<std::uint32_t> ends);
  task<result<std::optional<byte_slice>>> receive();
  bool has_message() const noexcept { return !messages_.empty(); }
  task<void> gather(std::size_t bytes, std::chrono::milliseconds limit);
  std::size_t queued() const noexcept;

 protected:
  task<result<void>> await_room();
  /// Why send() cannot go on; std::nullopt while it can.
  virtual std::optional<failure> send_ended() const = 0;
  /// Before the first message.
  virtual void before_send() {}
  /// The peer's bytes are not messages of ours.
  virtual void on_bad_message(const failure& why) = 0;

  void break_receive(failure why);
  void drop_messages();
  /// Lets go of the connection: there is no more work with it.
  void detach();

  std::shared_ptr<call_host> host_;  // null after detach()
  h2::stream_id id_;
  event changed_;
  std::size_t high_water_;
  bool receive_ended_ = false;
  std::optional<failure> broken_;  // what receive() returns instead of an orderly end
  message_decoder decoder_{max_message_size};

 private:
  void give_back(std::size_t count);
  bool has_room() const noexcept;
  bool tell_held();
  void let_go_of_held();

  std::deque<received_message> messages_;
  std::size_t held_ = 0;     // bytes received and not yet returned to the peer
  std::size_t waiting_ = 0;  // bytes received and not yet taken by receive()
  std::size_t told_waiting_ = 0;  // what the host knows of the memory of all that
  std::size_t told_unfinished_ = 0;
  std::optional<std::size_t> gathering_;  // the reader is not woken before so many wait
  bool sender_waits_ = false;
};

}  // namespace peelbox::h2grpc
