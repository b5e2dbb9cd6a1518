#include "h2grpc/rpc/call_state.hpp"

#include <algorithm>
#include <utility>

#include "engine/async/clock.hpp"

namespace peelbox::h2grpc {

call_state::call_state(std::shared_ptr<call_host> host, h2::stream_id id)
    : host_(std::move(host)), id_(id), changed_(host_->get_executor()), high_water_(host_->call_high_water()) {}

void call_state::on_data(byte_view bytes) {
  if (receive_ended_ || broken_) return;
  held_ += bytes.size();
  const bool had_messages = !messages_.empty();
  const auto decoded = decoder_.feed(bytes, messages_);
  if (messages_.empty()) give_back(held_);
  if (decoded.has_error()) {
    on_bad_message(decoded.error());
  } else if (gathering_ ? held_ >= *gathering_ : !had_messages && !messages_.empty()) {
    changed_.notify();
  }
}

void call_state::on_drained() {
  if (sender_waits_ && queued() <= high_water_) changed_.notify();
}

task<result<void>> call_state::send(byte_chain message) {
  const auto self = shared_from_this();
  if (auto why = send_ended()) co_return *why;
  if (message.size() > std::numeric_limits<std::uint32_t>::max())
    co_return failure(errc::limit, "a message of " + std::to_string(message.size()) + " bytes cannot be sent");
  before_send();
  const auto prefix = message_prefix(message.size());
  host_->session().write_copy(id_, prefix);
  host_->session().write(id_, std::move(message));
  host_->wake_writer();
  co_return co_await await_room();
}

task<result<void>> call_state::send_batch(byte_slice bytes, std::vector<std::uint32_t> ends) {
  const auto self = shared_from_this();
  if (auto why = send_ended()) co_return *why;
  before_send();
  // Hundreds of messages of some sixty bytes: they are framed in one piece before the stream takes them.
  std::vector<std::byte> small;
  const auto append = [&small](byte_view part) { small.insert(small.end(), part.begin(), part.end()); };
  std::size_t begin = 0;
  for (const std::uint32_t end : ends) {
    const std::size_t size = end - begin;
    append(message_prefix(size));
    if (size < byte_chain::copy_below) {
      append(bytes.view().subspan(begin, size));
    } else {
      host_->session().write_copy(id_, small);
      small.clear();
      host_->session().write(id_, byte_chain(bytes.sub(begin, size)));
    }
    begin = end;
  }
  host_->session().write_copy(id_, small);
  host_->session().write(id_, byte_chain());
  host_->wake_writer();
  co_return co_await await_room();
}

task<result<void>> call_state::await_room() {
  while (true) {
    if (auto why = send_ended()) co_return *why;
    if (queued() <= high_water_) co_return result<void>();
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
  while (!receive_ended_ && !broken_ && held_ < bytes) {
    const auto left = until - steady_now();
    if (left <= left.zero()) break;
    const wake why = co_await changed_.wait_for(left);
    if (why == wake::cancelled) break;
  }
}

std::size_t call_state::queued() const noexcept { return host_ ? host_->session().queued(id_) : 0; }

void call_state::break_receive(failure why) {
  if (!broken_ && !receive_ended_) broken_ = std::move(why);
  changed_.notify();
}

void call_state::drop_messages() {
  messages_.clear();
  give_back(held_);
}

void call_state::detach() {
  if (!host_) return;
  const auto host = std::exchange(host_, nullptr);
  host->forget(id_);
}

void call_state::give_back(std::size_t count) {
  held_ -= count;
  if (!host_ || count == 0) return;
  host_->session().consume(id_, count);
  if (host_->session().wants_write()) host_->wake_writer();
}

}  // namespace peelbox::h2grpc
