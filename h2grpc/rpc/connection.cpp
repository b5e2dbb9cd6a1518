#include "h2grpc/rpc/connection.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "engine/async/clock.hpp"
#include "engine/async/sleep.hpp"
#include "engine/async/task_group.hpp"
#include "h2grpc/grpc/request_head.hpp"
#include "h2grpc/h2/session.hpp"
#include "h2grpc/rpc/client_call_state.hpp"
#include "h2grpc/rpc/server_call_state.hpp"

namespace peelbox::h2grpc {

namespace {

using std::chrono::milliseconds;

// When a write fails, what the peer said before it hung up (GOAWAY, an HTTP/1 error page) tells more than the write's
// own error. The reader has so long to come upon it.
constexpr milliseconds last_words_limit{1000};

// Proxies close connections on which nothing passes for some time, the most impatient ones after some 10 s.
constexpr milliseconds probe_after{5000};

h2::session_options session_options_of(role side, const connection_options& o) {
  h2::session_options s;
  s.side = side;
  s.stream_window = o.stream_window;
  s.connection_window = o.connection_window;
  s.max_concurrent_streams = o.max_concurrent_calls;
  return s;
}

class connection_impl final : public connection, public call_host {
 public:
  connection_impl(role side, transport::stream_ptr stream, connection_options options, executor ex, const logger& log)
      : call_host(session_, writer_wake_, std::move(ex), {options.call_high_water, options.send_high_water}),
        side_(side),
        stream_(std::move(stream)),
        options_(std::move(options)),
        log_(log),
        session_(session_options_of(side, options_)),
        writer_wake_(get_executor()),
        handshake_(get_executor()),
        accept_wake_(get_executor()) {}

  // connection
  task<failure> run() override;
  client_call open(std::string path, metadata request, call_options options) override;
  task<std::optional<server_call>> accept() override;
  void shutdown() override;
  const std::optional<failure>& ended() const noexcept override { return ended_; }

  // call_host
  void forget(h2::stream_id id) override { calls_.erase(id); }
  bool hold_received(std::ptrdiff_t waiting, std::ptrdiff_t unfinished) override;

 private:
  task<result<void>> start(task_group& group);
  task<result<void>> read_loop();
  task<result<void>> write_loop();
  task<result<void>> watch_peer();
  task<result<void>> await_handshake();
  void dispatch();
  void on(h2::headers_received& e);
  void on(const h2::data_received& e);
  void on(const h2::end_received& e);
  void on(const h2::stream_closed& e);
  void on(const h2::settings_received&);
  void on(const h2::goaway_received& e);
  void accept_request(h2::headers_received& e);
  std::shared_ptr<call_state> find(h2::stream_id id) const;
  std::shared_ptr<call_host> host() { return {shared_from_this(), this}; }
  failure closed_failure() const;
  failure explained(failure why) const;
  void end(failure why);

  role side_;
  transport::stream_ptr stream_;
  connection_options options_;
  const logger& log_;
  h2::session session_;
  event writer_wake_;
  event handshake_;
  event accept_wake_;
  std::unordered_map<h2::stream_id, std::shared_ptr<call_state>> calls_;
  std::deque<std::shared_ptr<server_call_state>> incoming_;
  std::vector<h2::event> events_;
  std::optional<h2::goaway_received> goaway_;
  std::size_t waiting_ = 0;  // memory of received messages: whole, and not ended
  std::size_t unfinished_ = 0;
  bool window_held_ = false;
  steady_time last_heard_ = steady_now();
  bool settings_seen_ = false;
  bool shutting_down_ = false;
  std::optional<failure> ended_;
};

task<failure> connection_impl::run() {
  const auto self = shared_from_this();
  // No call stays behind, even when run() is cancelled or its coroutine is destroyed.
  struct closer {
    connection_impl& c;
    ~closer() { c.end(failure(errc::cancelled, "the connection was closed by us")); }
  } close_at_exit{*this};
  std::function<task<result<void>>(task_group&)> body = [this](task_group& group) { return start(group); };
  const result<void> outcome = co_await task_group::run(std::move(body));
  end(outcome.has_error() ? explained(outcome.error()) : closed_failure());
  co_return *ended_;
}

task<result<void>> connection_impl::start(task_group& group) {
  group.spawn(read_loop());
  group.spawn(write_loop());
  group.spawn(watch_peer());
  co_return result<void>();
}

task<result<void>> connection_impl::read_loop() {
  while (true) {
    const result<byte_view> bytes = co_await stream_->read();
    if (bytes.has_error()) co_return bytes.error();
    last_heard_ = steady_now();
    if (bytes->empty()) {
      if (auto why = session_.feed_end()) co_return std::move(*why);
      co_return closed_failure();
    }
    const result<void> fed = session_.feed(*bytes);
    dispatch();
    // The writer may be waiting only for the session to be finished.
    if (session_.wants_write() || session_.finished()) wake_writer();
    if (fed.has_error()) co_return fed.error();
  }
}

task<result<void>> connection_impl::write_loop() {
  while (true) {
    byte_chain out;
    session_.collect(out, options_.write_budget);
    for (const h2::stream_id id : session_.drained())
      if (const auto call = find(id)) call->on_drained();
    dispatch();
    if (out.empty()) {
      if (session_.failed()) co_return *session_.failed();
      if (session_.finished()) co_return closed_failure();
      co_await writer_wake_.wait();
      continue;
    }
    result<void> written = co_await stream_->write(std::move(out));
    if (written.has_error()) {
      co_await sleep_for(last_words_limit);
      co_return written.error();
    }
  }
}

// Waits are counted, not the clock: whoever was suspended goes on with a clock that has run on, and with the peer's answers
// still unread.
task<result<void>> connection_impl::watch_peer() {
  const result<void> begun = co_await await_handshake();
  if (begun.has_error()) co_return begun.error();
  const milliseconds limit = options_.silence_limit;
  const milliseconds pause = std::min(probe_after, limit / 4);
  steady_time heard = last_heard_;
  for (milliseconds silent{0}; silent < limit;) {
    const auto since = std::chrono::duration_cast<milliseconds>(steady_now() - heard);
    co_await sleep_for(silent == silent.zero() ? std::clamp(pause - since, milliseconds(1), pause) : pause);
    if (last_heard_ != heard) {
      heard = last_heard_;
      silent = silent.zero();
      continue;
    }
    silent += pause;
    session_.probe();
    wake_writer();
  }
  co_return failure(errc::timed_out,
                    stream_->describe() + " has been silent for " +
                        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) +
                        " s, although it was asked for a sign of life: it hangs, or the network drops packets",
                    origin::peer);
}

task<result<void>> connection_impl::await_handshake() {
  if (!settings_seen_) co_await handshake_.wait_for(options_.handshake_limit);
  if (settings_seen_) co_return result<void>();
  const std::string peer = stream_->describe();
  const std::string limit = std::to_string(options_.handshake_limit.count() / 1000) + " s";
  if (side_ == role::client)
    co_return failure(errc::timed_out,
                      peer + " did not answer with HTTP/2 within " + limit + "; is " + peer + " a BuildKit daemon?",
                      origin::peer);
  co_return failure(errc::timed_out, "the peer did not begin HTTP/2 on " + peer + " within " + limit, origin::peer);
}

void connection_impl::dispatch() {
  session_.take_events(events_);
  for (h2::event& e : events_) std::visit([this](auto& what) { on(what); }, e);
}

void connection_impl::on(h2::headers_received& e) {
  if (const auto call = find(e.id)) call->on_headers(std::move(e.headers), e.end_stream);
  else if (e.opens) accept_request(e);
}

void connection_impl::on(const h2::data_received& e) {
  if (const auto call = find(e.id)) call->on_data(e.bytes);
}

void connection_impl::on(const h2::end_received& e) {
  if (const auto call = find(e.id)) call->on_end();
}

void connection_impl::on(const h2::stream_closed& e) {
  if (const auto call = find(e.id)) call->on_closed(e);
  calls_.erase(e.id);
}

void connection_impl::on(const h2::settings_received&) {
  settings_seen_ = true;
  handshake_.notify();
}

void connection_impl::on(const h2::goaway_received& e) {
  log_.debug("{}: GOAWAY {} {}", options_.name, h2::to_string(e.code), e.debug);
  // A graceful shutdown sends two of them; the last one counts.
  goaway_ = e;
}

void connection_impl::accept_request(h2::headers_received& e) {
  auto parsed = parse_request(e.headers);
  if (const auto* rejected = std::get_if<rejected_request>(&parsed)) {
    log_.debug("{}: refused a request: {}", options_.name, rejected->reason);
    session_.respond(e.id, rejected->response, true);
    return;
  }
  auto call = std::make_shared<server_call_state>(host(), e.id, std::get<request_head>(std::move(parsed)));
  call->start_deadline();
  if (e.end_stream) call->on_end();
  calls_.emplace(e.id, call);
  incoming_.push_back(std::move(call));
  accept_wake_.notify();
}

std::shared_ptr<call_state> connection_impl::find(h2::stream_id id) const {
  const auto it = calls_.find(id);
  return it == calls_.end() ? nullptr : it->second;
}

client_call connection_impl::open(std::string path, metadata request, call_options options) {
  h2::stream_id id = 0;
  if (!ended_ && !shutting_down_) {
    request_head head;
    head.path = path;
    head.authority = options_.authority;
    head.scheme = options_.scheme;
    head.timeout = options.deadline;
    head.custom = std::move(request);
    id = session_.open(make_request(head), options.urgent);
  }
  auto call = std::make_shared<client_call_state>(host(), id, std::move(path), options.high_water);
  if (id == 0) {
    call->on_connection_end(ended_ ? *ended_ : failure(errc::closed, "the connection takes no new calls"));
  } else {
    calls_.emplace(id, call);
    if (options.deadline) call->start_deadline(*options.deadline);
    wake_writer();
  }
  return client_call(std::move(call));
}

task<std::optional<server_call>> connection_impl::accept() {
  const auto self = shared_from_this();
  while (incoming_.empty() && !ended_) co_await accept_wake_.wait();
  if (incoming_.empty()) co_return std::nullopt;
  std::shared_ptr<call_state> call = std::move(incoming_.front());
  incoming_.pop_front();
  co_return std::optional<server_call>(std::in_place, std::move(call));
}

void connection_impl::shutdown() {
  if (std::exchange(shutting_down_, true) || ended_) return;
  session_.go_away(h2::error_code::no_error, "");
  wake_writer();
}

bool connection_impl::hold_received(std::ptrdiff_t waiting, std::ptrdiff_t unfinished) {
  waiting_ += static_cast<std::size_t>(waiting);  // modulo 2^n, so this subtracts too
  unfinished_ += static_cast<std::size_t>(unfinished);
  const bool full = waiting_ > options_.receive_high_water;
  if (std::exchange(window_held_, full) != full) {
    session_.hold_connection_window(full);
    wake_writer_if_needed();
  }
  return waiting_ + unfinished_ <= options_.receive_limit;
}

failure connection_impl::closed_failure() const {
  if (shutting_down_) return failure(errc::closed, "the connection was closed by us");
  return explained(failure(errc::closed, stream_->describe() + ": the peer closed the connection", origin::peer));
}

// Adds what the peer said in GOAWAY.
failure connection_impl::explained(failure why) const {
  if (!goaway_ || why.text.find("GOAWAY") != std::string::npos) return why;
  const bool orderly = goaway_->code == h2::error_code::no_error;
  if (orderly && goaway_->debug.empty()) return why;
  why.text += " (GOAWAY " + h2::to_string(goaway_->code) + (goaway_->debug.empty() ? "" : ": " + goaway_->debug) + ")";
  if (!orderly && why.code == errc::closed) why.code = errc::connection;
  return why;
}

void connection_impl::end(failure why) {
  if (ended_) return;
  log_.debug("{}: ended: {}", options_.name, why.text);
  ended_ = std::move(why);
  stream_->close();
  const auto calls = std::exchange(calls_, {});
  for (const auto& [id, call] : calls) call->on_connection_end(*ended_);
  incoming_.clear();
  accept_wake_.notify();
  writer_wake_.notify();
}

}  // namespace

std::shared_ptr<connection> connection::create(role side, transport::stream_ptr stream, connection_options options,
                                               executor ex, const logger& log) {
  return std::make_shared<connection_impl>(side, std::move(stream), std::move(options), std::move(ex), log);
}

}  // namespace peelbox::h2grpc
