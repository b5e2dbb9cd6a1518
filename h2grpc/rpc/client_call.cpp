#include "h2grpc/rpc/client_call.hpp"

#include <utility>

#include "engine/async/clock.hpp"
#include "h2grpc/grpc/request_head.hpp"
#include "h2grpc/rpc/client_call_state.hpp"

namespace peelbox::h2grpc {

client_call_state::client_call_state(std::shared_ptr<call_host> host, h2::stream_id id, std::string path,
                                     std::optional<std::size_t> high_water)
    : call_state(std::move(host), id), path_(std::move(path)) {
  high_water_ = high_water.value_or(high_water_);
}

void client_call_state::start_deadline(std::chrono::milliseconds limit) {
  deadline_.emplace(host_->get_executor(), limit);
  limit_ = limit;
  deadline_->async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = std::static_pointer_cast<client_call_state>(weak.lock());
    if (ec || !self || self->status_) return;
    self->end_late();
  });
}

void client_call_state::end_late() {
  abort(make_status(code::deadline_exceeded, "no answer within " + std::to_string(limit_.count()) + " ms"),
        errc::timed_out, h2::error_code::cancel);
}

void client_call_state::on_headers(h2::header_list headers, bool end_stream) {
  if (status_) return;
  const bool first = !std::exchange(head_received_, true);
  if (!end_stream) {
    if (!first)
      return abort(make_status(code::internal, "the peer sent a second response head"), errc::protocol,
                   h2::error_code::protocol_error);
    if (auto wrong = check_response(headers)) return abort(std::move(*wrong), errc::protocol, h2::error_code::cancel);
    initial_ = parse_metadata(headers);
    changed_.notify();
    return;
  }
  trailing_ = parse_metadata(headers);
  std::optional<grpc_status> status = parse_status(headers);
  if (!status && first) status = check_response(headers);
  if (!status) status = make_status(code::internal, "the peer ended the call without a grpc-status");
  if (status->ok() && decoder_.partial() > 0)
    status = make_status(code::internal, "the peer ended the call in the middle of a message");
  complete(std::move(*status), h2::error_code::no_error);
}

void client_call_state::on_end() {
  if (status_) return;
  abort(make_status(code::internal, "the peer ended the call without a status"), errc::protocol,
        h2::error_code::no_error);
}

void client_call_state::on_closed(const h2::stream_closed& closed) {
  // A server knows the deadline too, and its reset may be read before our timer is looked at.
  const bool late = closed.code == h2::error_code::cancel && deadline_ && deadline_->expiry() <= steady_now();
  if (!status_ && late) end_late();
  if (!status_) {
    grpc_status status = make_status(code_of_reset(closed.code));
    if (!closed.why.empty() && closed.code == h2::error_code::enhance_your_calm) status.message = closed.why;
    else if (!closed.why.empty()) status = make_status(code::internal, closed.why);
    else if (closed.code == h2::error_code::refused_stream) status.message = "the peer takes no new calls";
    else status.message = "the peer reset the call: " + h2::to_string(closed.code);
    abort(std::move(status), errc::remote, closed.code);
  }
  detach();
}

void client_call_state::on_connection_end(const failure& why) {
  if (!status_) {
    const code c = why.code == errc::cancelled ? code::cancelled : code::unavailable;
    abort(make_status(c, why.text), why.code, h2::error_code::cancel);
  }
  detach();
}

void client_call_state::half_close() {
  if (std::exchange(half_closed_, true) || status_ || !host_) return;
  host_->end(id_);
}

task<result<metadata>> client_call_state::initial_metadata() {
  const auto self = shared_from_this();
  while (!head_received_ && !status_) co_await changed_.wait();
  if (!head_received_ && broken_) co_return *broken_;
  co_return initial_;
}

task<grpc_status> client_call_state::finish() {
  const auto self = shared_from_this();
  while (!status_) {
    drop_messages();
    co_await changed_.wait();
  }
  drop_messages();
  co_return *status_;
}

void client_call_state::cancel() {
  if (status_) return;
  drop_messages();
  abort(make_status(code::cancelled, "the call was cancelled by us"), errc::cancelled, h2::error_code::cancel);
}

void client_call_state::release() {
  cancel();
  detach();
}

void client_call_state::abort(grpc_status status, errc code, h2::error_code reset) {
  if (status_) return;
  failure why = status_failure(status, path_);
  why.code = code;
  broken_ = std::move(why);
  complete(std::move(status), reset);
}

void client_call_state::complete(grpc_status status, h2::error_code reset) {
  status_ = std::move(status);
  receive_ended_ = true;
  deadline_.reset();
  // Has no effect when the stream has ended on both sides.
  if (host_) host_->reset(id_, reset);
  changed_.notify();
}

std::optional<failure> client_call_state::send_ended() const {
  if (status_) return failure(errc::closed, status_failure(*status_, path_ + ": the call has ended").text);
  if (half_closed_) return failure(errc::internal, path_ + ": send after half_close");
  return std::nullopt;
}

void client_call_state::on_bad_message(const failure& why) {
  const code c = why.code == errc::limit ? code::resource_exhausted : code::internal;
  abort(make_status(c, why.text), why.code, h2::error_code::cancel);
}

namespace {
client_call_state& of(const std::shared_ptr<call_state>& state) { return static_cast<client_call_state&>(*state); }
}  // namespace

client_call::client_call(std::shared_ptr<call_state> state) : state_(std::move(state)) {}
client_call::client_call(client_call&&) noexcept = default;
client_call& client_call::operator=(client_call&& other) noexcept {
  if (this == &other) return *this;
  if (state_) of(state_).release();
  state_ = std::move(other.state_);
  return *this;
}
client_call::~client_call() {
  if (state_) of(state_).release();
}

task<result<void>> client_call::send(byte_chain message) { return state_->send(std::move(message)); }
void client_call::half_close() { of(state_).half_close(); }
task<result<std::optional<byte_slice>>> client_call::receive() { return state_->receive(); }
bool client_call::has_message() const noexcept { return state_->has_message(); }
task<void> client_call::gather(std::size_t bytes, std::chrono::milliseconds limit) { return state_->gather(bytes, limit); }
task<result<metadata>> client_call::initial_metadata() { return of(state_).initial_metadata(); }
task<grpc_status> client_call::finish() { return of(state_).finish(); }
const metadata& client_call::trailing_metadata() const { return of(state_).trailing(); }
void client_call::cancel() { of(state_).cancel(); }
std::size_t client_call::queued() const noexcept { return state_->queued(); }

}  // namespace peelbox::h2grpc
