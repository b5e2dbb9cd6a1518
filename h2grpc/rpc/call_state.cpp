#include "h2grpc/rpc/call_state.hpp"

#include <algorithm>
#include <utility>

#include "engine/async/clock.hpp"

namespace peelbox::h2grpc {

call_state::call_state(std::shared_ptr<call_host> host, h2::stream_id id)
    : host_(std::move(host)), id_(id), changed_(host_->get_executor()), high_water_(host_->most().call_high_water) {}

void call_state::on_data(byte_view bytes) {
  if (receive_ended_ || broken_) return;
  held_ += bytes.size();
  waiting_ += bytes.size();
  const bool had_messages = !messages_.empty();
  const auto decoded = decoder_.feed(bytes, messages_);
  if (messages_.empty()) give_back(held_);
  if (decoded.has_error()) {
    on_bad_message(decoded.error());
  } else if (!tell_held()) {
    on_bad_message(failure(errc::limit, "the peer has sent more than all calls together may hold", origin::peer));
  } else if (gathering_ ? waiting_ >= *gathering_ : !had_messages && !messages_.empty()) {
    changed_.notify();
  }
}

void call_state::on_drained() {
  if (sender_waits_ && has_room()) changed_.notify();
}

task<result<void>> call_state::send(byte_chain message) {
  const auto self = shared_from_this();
  if (auto why = send_ended()) co_return *why;
  if (message.size() > std::numeric_limits<std::uint32_t>::max())
    co_return failure(errc::limit, "a message of " + std::to_string(message.size()) + " bytes cannot be sent");
  before_send();
  const auto prefix = message_prefix(message.size());
  host_->write_copy(id_, prefix);
  host_->write(id_, std::move(message));
  co_return co_await await_room();
}

task<result<void>> call_state::send_batch(byte_slice bytes, std::vector<std::uint32_t> ends) {
  const auto self = shared_from_this();
  if (auto why = send_ended()) co_return *why;
  before_send();
  // There may be hundreds of messages of some sixty bytes each, so all are framed into one piece of memory first.
  std::vector<std::byte> small;
  const auto append = [&small](byte_view part) { small.insert(small.end(), part.begin(), part.end()); };
  std::size_t begin = 0;
  for (const std::uint32_t end : ends) {
    const std::size_t size = end - begin;
    append(message_prefix(size));
    if (size < byte_chain::copy_below) {
      append(bytes.view().subspan(begin, size));
    } else {
      host_->write_copy(id_, small);
      small.clear();
      host_->write(id_, byte_chain(bytes.sub(begin, size)));
    }
    begin = end;
  }
  host_->write_copy(id_, small);
  host_->write(id_, byte_chain());
  co_return co_await await_room();
}

task<result<void>> call_state::await_room() {
  while (true) {
    if (auto why = send_ended()) co_return *why;
    if (has_room()) co_return result<void>();
    sender_waits_ = true;
    co_await changed_.wait();
    sender_waits_ = false;
  }
}

task<result<std::optional<byte_slice>>> call_state::receive() {
  const auto self = shared_from_this();
  while (true) {
    if (!messages_.empty()) {
      received_message first = std::move(messages_.front());
      messages_.pop_front();
      waiting_ -= first.wire_size;
      tell_held();
      give_back(messages_.empty() ? held_ : std::min(held_, first.wire_size));
      co_return std::optional<byte_slice>(std::move(first.payload));
    }
    if (broken_) co_return *broken_;
    if (receive_ended_) co_return std::optional<byte_slice>();
    co_await changed_.wait();
  }
}

task<void> call_state::gather(std::size_t bytes, std::chrono::milliseconds limit) {
  const auto self = shared_from_this();
  const steady_time until = steady_now() + limit;
  struct gathering {
    explicit gathering(call_state& c, std::size_t count) : call(c) { call.gathering_ = count; }
    ~gathering() { call.gathering_.reset(); }
    gathering(const gathering&) = delete;
    gathering& operator=(const gathering&) = delete;
    call_state& call;
  } const mark(*this, bytes);
  while (!receive_ended_ && !broken_ && waiting_ < bytes) {
    const auto left = until - steady_now();
    if (left <= left.zero()) break;
    const wake why = co_await changed_.wait_for(left);
    if (why == wake::cancelled) break;
  }
}

std::size_t call_state::queued() const noexcept { return host_ ? host_->queued(id_) : 0; }

// A call whose queue is empty may always go on, so calls whose peer takes nothing cannot stop the others for good.
bool call_state::has_room() const noexcept {
  const std::size_t mine = queued();
  return mine <= high_water_ && (mine == 0 || host_->queued() <= host_->most().send_high_water);
}

bool call_state::tell_held() {
  if (!host_) return true;
  // An empty message has no payload, but it does take memory.
  const std::size_t waiting = waiting_ - decoder_.partial() + messages_.size() * sizeof(received_message);
  const std::size_t unfinished = decoder_.reserved();
  const auto change = [](std::size_t now, std::size_t& told) {
    return static_cast<std::ptrdiff_t>(now) - static_cast<std::ptrdiff_t>(std::exchange(told, now));
  };
  const std::ptrdiff_t more_waiting = change(waiting, told_waiting_);
  const std::ptrdiff_t more_unfinished = change(unfinished, told_unfinished_);
  if (more_waiting == 0 && more_unfinished == 0) return true;
  return host_->hold_received(more_waiting, more_unfinished);
}

void call_state::let_go_of_held() {
  host_->hold_received(-static_cast<std::ptrdiff_t>(std::exchange(told_waiting_, 0)),
                       -static_cast<std::ptrdiff_t>(std::exchange(told_unfinished_, 0)));
}

void call_state::break_receive(failure why) {
  if (!broken_ && !receive_ended_) broken_ = std::move(why);
  changed_.notify();
}

void call_state::drop_messages() {
  messages_.clear();
  waiting_ = decoder_.partial();
  tell_held();
  give_back(held_);
}

void call_state::detach() {
  if (!host_) return;
  let_go_of_held();
  const auto host = std::exchange(host_, nullptr);
  host->forget(id_);
}

void call_state::give_back(std::size_t count) {
  held_ -= count;
  if (!host_ || count == 0) return;
  host_->consume(id_, count);
}

}  // namespace peelbox::h2grpc
