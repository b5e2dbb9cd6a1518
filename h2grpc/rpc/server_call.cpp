#include "h2grpc/rpc/server_call.hpp"

#include <utility>

#include "h2grpc/rpc/server_call_state.hpp"

namespace peelbox::h2grpc {

server_call_state::server_call_state(std::shared_ptr<call_host> host, h2::stream_id id, request_head head)
    : call_state(std::move(host), id), head_(std::move(head)) {}

void server_call_state::start_deadline() {
  if (!head_.timeout) return;
  deadline_.emplace(host_->get_executor(), *head_.timeout);
  deadline_->async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = std::static_pointer_cast<server_call_state>(weak.lock());
    if (ec || !self || self->finished_ || self->cancelled_) return;
    self->finish(make_status(code::deadline_exceeded, "the caller's deadline has passed"), {});
    self->cancel(failure(errc::timed_out, self->head_.path + ": the caller's deadline has passed", origin::transport));
  });
}

void server_call_state::on_headers(h2::header_list, bool end_stream) {
  if (end_stream) on_end();  // gRPC has no trailers of requests
}

void server_call_state::on_end() {
  if (decoder_.partial() > 0) {
    on_bad_message(failure(errc::protocol, "the caller ended its half in the middle of a message", origin::peer));
    return;
  }
  receive_ended_ = true;
  changed_.notify();
}

void server_call_state::on_closed(const h2::stream_closed& closed) {
  // NO_ERROR too: a caller that resets wants no answer, whatever code it gives.
  if (!finished_) {
    const std::string reason = closed.why.empty() ? "the caller reset the call: " + h2::to_string(closed.code) : closed.why;
    cancel(failure(errc::cancelled, head_.path + ": " + reason, origin::transport));
  }
  end();
}

void server_call_state::on_connection_end(const failure& why) {
  if (!finished_) cancel(failure(errc::cancelled, head_.path + ": " + why.text, origin::transport));
  end();
}

void server_call_state::end() {
  finished_ = true;
  deadline_.reset();
  // A handler that has finished the call itself may still receive.
  break_receive(failure(errc::closed, head_.path + ": the call has ended"));
  detach();
}

void server_call_state::send_initial_metadata(const metadata& m) {
  if (responded_ || finished_ || !host_) return;
  responded_ = true;
  host_->respond(id_, make_response(m), false);
}

void server_call_state::finish(const grpc_status& status, const metadata& trailing) {
  if (std::exchange(finished_, true)) return;
  deadline_.reset();
  if (host_) {
    if (responded_) host_->end(id_, make_trailers(status, trailing));
    else host_->respond(id_, make_trailers_only(status, trailing), true);
    responded_ = true;
  }
  changed_.notify();
}

void server_call_state::set_urgent() {
  if (host_) host_->set_urgent(id_);
}

void server_call_state::on_cancelled(std::function<void()> react) {
  react_ = std::move(react);
  if (cancelled_ && react_) std::exchange(react_, nullptr)();
}

void server_call_state::release() {
  on_cancelled(nullptr);
  finish(make_status(code::internal, "the call was dropped without an answer"), {});
  detach();
}

std::optional<failure> server_call_state::send_ended() const {
  if (broken_ && cancelled_) return *broken_;
  if (cancelled_) return failure(errc::cancelled, head_.path + ": the caller has gone", origin::transport);
  if (finished_) return failure(errc::closed, head_.path + ": the call has ended");
  return std::nullopt;
}

void server_call_state::before_send() { send_initial_metadata({}); }

void server_call_state::on_bad_message(const failure& why) {
  code c = code::internal;
  if (why.code == errc::limit) c = code::resource_exhausted;
  if (why.code == errc::unsupported) c = code::unimplemented;
  finish(make_status(c, why.text), {});
  break_receive(failure(why).in(head_.path));
}

void server_call_state::cancel(failure why) {
  if (std::exchange(cancelled_, true)) return;
  drop_messages();
  receive_ended_ = false;
  break_receive(std::move(why));
  if (react_) std::exchange(react_, nullptr)();
}

namespace {
server_call_state& server_state(const std::shared_ptr<call_state>& state) { return static_cast<server_call_state&>(*state); }
}  // namespace

server_call::server_call(std::shared_ptr<call_state> state) : state_(std::move(state)) {}
server_call::server_call(server_call&&) noexcept = default;
server_call& server_call::operator=(server_call&& other) noexcept {
  if (this == &other) return *this;
  if (state_) server_state(state_).release();
  state_ = std::move(other.state_);
  return *this;
}
server_call::~server_call() {
  if (state_) server_state(state_).release();
}

const std::string& server_call::path() const noexcept { return server_state(state_).head().path; }
const metadata& server_call::request_metadata() const noexcept { return server_state(state_).head().custom; }
void server_call::send_initial_metadata(metadata m) { server_state(state_).send_initial_metadata(m); }
task<result<void>> server_call::send(byte_chain message) { return state_->send(std::move(message)); }
task<result<void>> server_call::send_batch(byte_slice bytes, std::vector<std::uint32_t> ends) {
  return state_->send_batch(std::move(bytes), std::move(ends));
}
task<result<std::optional<byte_slice>>> server_call::receive() { return state_->receive(); }
void server_call::finish(grpc_status status, metadata trailing) { server_state(state_).finish(status, trailing); }
void server_call::set_urgent() { server_state(state_).set_urgent(); }
bool server_call::cancelled() const noexcept { return server_state(state_).cancelled(); }
void server_call::on_cancelled(std::function<void()> react) { server_state(state_).on_cancelled(std::move(react)); }
std::size_t server_call::queued() const noexcept { return state_->queued(); }

}  // namespace peelbox::h2grpc
