#include "engine/build/build.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"
#include "engine/build/observed_stream.hpp"
#include "engine/build/status_events.hpp"
#include "engine/session/filesync_service.hpp"
#include "engine/session/health_service.hpp"
#include "engine/session/session.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::build {

namespace {

using namespace std::chrono_literals;
namespace wire_v1 = moby::buildkit::v1;
namespace gateway = moby::buildkit::v1::frontend;
using connection_ptr = std::shared_ptr<h2grpc::connection>;

/// After the solve the daemon may still send the last log lines; it ends the stream by itself soon after.
constexpr auto status_idle_limit = 5s;

/// What the parts of one build share. Lives in run_build's frame, which joins all of them.
struct build_state {
  build_state(build_options o, stop_request& s, channel<progress::batch>& e, blocking_pool& p, const logger& l)
      : options(std::move(o)), stop(s), events(e), pool(p), log(l) {}

  build_options options;
  stop_request& stop;
  channel<progress::batch>& events;
  blocking_pool& pool;
  const logger& log;
  std::shared_ptr<traffic> seen = std::make_shared<traffic>();
  std::shared_ptr<session::shared_contexts> contexts = std::make_shared<session::shared_contexts>();
  std::shared_ptr<session::export_targets> targets = std::make_shared<session::export_targets>();
  std::unique_ptr<session::session> session;
  build_outcome outcome;
  std::shared_ptr<docker_delivery> delivery = std::make_shared<docker_delivery>();
  std::optional<failure> solve_failure;
  bool solved = false;
};

h2grpc::method_table make_services(build_state& state) {
  h2grpc::method_table methods;
  session::add_health_service(methods);
  session::add_filesync_service(methods, state.contexts, state.pool, state.log);
  if (!state.targets->by_id.empty()) session::add_filesend_service(methods, state.targets, state.pool);
  if (state.options.logins) session::add_auth_service(methods, state.options.logins);
  return methods;
}

/// Reports the daemon's events until it ends the stream. Before the solve has ended any silence is fine.
task<result<void>> read_status(build_state& state, connection_ptr control) {
  wire_v1::StatusRequest request;
  request.set_ref(state.options.solve.ref);
  h2grpc::client_call call = control->open("/moby.buildkit.v1.Control/Status", h2grpc::metadata());
  result<void> sent = co_await call.send(h2grpc::encode(request));
  call.half_close();
  if (sent.has_error()) co_return result<void>();  // finish() of the solve tells why
  std::optional<progress::duration> offset;
  bool first = true;
  for (;;) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error() || !message.value()) break;
    if (std::exchange(first, false)) {
      // Since v0.12 the daemon tells its clock, so that its times can be shown in ours.
      result<h2grpc::metadata> headers = co_await call.initial_metadata();
      if (headers.has_value())
        if (const auto text = headers->get("buildkit-current-timestamp"))
          if (const auto theirs = parse_rfc3339(*text))
            offset = std::chrono::time_point_cast<progress::duration>(std::chrono::system_clock::now()) - *theirs;
    }
    result<wire_v1::StatusResponse> decoded = h2grpc::decode<wire_v1::StatusResponse>(**message, "Control/Status");
    if (decoded.has_error()) break;
    progress::batch events = to_events(*decoded);
    events.clock_offset = offset;
    const bool open = co_await state.events.push(std::move(events));
    if (!open) break;
  }
  co_return result<void>();
}

/// The gateway half of a solve: hand in the definition, return its result with the image config.
task<result<void>> drive_gateway(build_state& state, connection_ptr control) {
  const solve_options& solve = state.options.solve;
  h2grpc::metadata headers;
  headers.add("buildkit-controlapi-buildid", solve.ref);
  // The daemon waits 3 s for the build of this id to be registered (control/gateway/gateway.go).
  result<gateway::SolveResponse> solved = co_await h2grpc::unary<gateway::SolveResponse>(
      control, "/moby.buildkit.v1.frontend.LLBBridge/Solve", gateway_solve(solve), headers);
  gateway::ReturnRequest answer;
  if (solved.has_value()) {
    answer = gateway_return(solve, *solved);
  } else {
    const auto status = solved.error().status;
    answer.mutable_error()->set_code(status ? status->code : static_cast<int>(h2grpc::code::unknown));
    answer.mutable_error()->set_message(status ? status->message : solved.error().text);
    if (status)
      for (const status_detail& detail : status->details) {
        auto* any = answer.mutable_error()->add_details();
        any->set_type_url(detail.type_url);
        any->set_value(detail.value);
      }
  }
  result<gateway::ReturnResponse> returned = co_await h2grpc::unary<gateway::ReturnResponse>(
      control, "/moby.buildkit.v1.frontend.LLBBridge/Return", std::move(answer), headers);
  // Control.Solve carries the failure of either call, with all its details.
  if (returned.has_error()) state.log.debug("outer: gateway return: {}", returned.error().text);
  co_return result<void>();
}

task<result<void>> reset_on_stop(build_state& state, h2grpc::client_call& solve) {
  co_await state.stop.wait();
  solve.cancel();
  co_return result<void>();
}

task<result<wire_v1::SolveResponse>> exchange_solve(build_state& state, connection_ptr control, task_group& group) {
  constexpr std::string_view path = "/moby.buildkit.v1.Control/Solve";
  auto call = std::make_shared<h2grpc::client_call>(control->open(std::string(path), h2grpc::metadata()));
  group.spawn([](build_state& s, std::shared_ptr<h2grpc::client_call> c) -> task<result<void>> {
    co_return co_await reset_on_stop(s, *c);
  }(state, call));
  state.stop.set_solving(true);
  result<void> sent = co_await call->send(h2grpc::encode(control_solve(state.options.solve)));
  call->half_close();
  std::optional<byte_slice> reply;
  if (sent.has_value()) {
    result<std::optional<byte_slice>> received = co_await call->receive();
    if (received.has_value()) reply = *received;
  }
  const grpc_status status = co_await call->finish();
  state.stop.set_solving(false);
  if (state.stop.asked()) co_return failure(errc::cancelled, "the build was cancelled", origin::user);
  if (control->ended())
    co_return failure(errc::connection,
                      fmt::format("the connection to the daemon at {} was lost during the build: {}",
                                  state.options.way->name(), control->ended()->text),
                      origin::transport);
  if (!status.ok()) co_return h2grpc::status_failure(status, "failed to solve");
  if (!reply) co_return failure(errc::protocol, "the daemon ended Solve without a reply", origin::peer);
  co_return h2grpc::decode<wire_v1::SolveResponse>(*reply, path);
}

task<void> call_solve(build_state& state, connection_ptr control, task_group& group) {
  if (needs_gateway(state.options.solve)) group.spawn(drive_gateway(state, control));
  result<wire_v1::SolveResponse> reply = co_await exchange_solve(state, control, group);
  state.solved = true;
  if (reply.has_error()) {
    state.solve_failure = reply.error();
  } else {
    for (const auto& [key, value] : reply->exporterresponse()) state.outcome.exporter_response[key] = value;
  }
}

/// Fails when the daemon has been silent for too long; a frozen daemon would otherwise hold us forever.
task<result<void>> watch_silence(build_state& state) {
  const executor ex = co_await asio::this_coro::executor;
  event tick(ex);
  for (;;) {
    co_await tick.wait_for(1s);
    if (state.solved) co_return result<void>();
    const auto silent = std::chrono::steady_clock::now() - state.seen->last_heard;
    if (silent > state.options.silence_limit)
      co_return failure(errc::timed_out,
                        fmt::format("the daemon at {} has been silent for {} s, although it checks the session every 5 s: "
                                    "it hangs or the network drops packets. Look at the daemon's log, or restart it.",
                                    state.options.way->name(),
                                    std::chrono::duration_cast<std::chrono::seconds>(silent).count()),
                        origin::peer);
  }
}

/// Shows what the session sends and receives, beside the daemon's own count.
task<result<void>> report_transfer(build_state& state) {
  const executor ex = co_await asio::this_coro::executor;
  event tick(ex);
  std::uint64_t last = ~std::uint64_t{0};
  while (!state.solved) {
    co_await tick.wait_for(200ms);
    const filesync::transfer_stats& live = state.contexts->live;
    const std::uint64_t mark = live.entries() + live.bytes_transferred + live.files_transferred;
    if (mark == last || state.events.closed()) continue;
    last = mark;
    progress::context_transfer t;
    t.name = "context";
    t.state = live.list_complete ? progress::context_transfer::phase::sending
                                : progress::context_transfer::phase::scanning;
    t.files_seen = live.entries();
    t.files_sent = live.files_transferred;
    t.bytes_sent = live.bytes_transferred;
    t.timestamp = std::chrono::time_point_cast<progress::duration>(std::chrono::system_clock::now());
    progress::batch report;
    report.transfers.push_back(std::move(t));
    report.local_clock = true;
    state.events.try_push(std::move(report));
  }
  co_return result<void>();
}

/// A session that ends before the solve makes the build fail; after it, it is how things should be. The solve's own
/// answer says more, so it gets a moment to arrive.
/// `carrier` is the outer connection for Control.Session; none when sessions have an entry of their own.
task<result<void>> run_session(build_state& state, connection_ptr carrier) {
  failure why;
  if (carrier) {
    why = co_await state.session->run(std::move(carrier));
  } else {
    result<transport::stream_ptr> stream = co_await state.options.way->session(state.session->headers());
    if (stream.has_error()) co_return stream.error().in("session");
    state.log.debug("session: connected to {}", (*stream)->describe());
    why = co_await state.session->run_on(observe(std::move(*stream), state.seen));
  }
  state.log.debug("{}", why.text);
  const executor ex = co_await asio::this_coro::executor;
  event tick(ex);
  for (int i = 0; i < 30 && !state.solved; ++i) co_await tick.wait_for(100ms);
  if (state.solved) co_return result<void>();
  co_return failure(errc::connection,
                    fmt::format("the daemon at {} dropped the session during the build: {}",
                                state.options.way->name(), why.text),
                    origin::peer);
}

/// The words for a failed solve: ours when the cause is on our side, because the daemon's error only repeats it.
failure explain(build_state& state) {
  if (state.contexts->first_failure) return *state.contexts->first_failure;
  if (state.targets->first_failure) return *state.targets->first_failure;
  return *state.solve_failure;
}

task<result<void>> solve_and_drain(build_state& state, task_group& group) {
  const build_options& options = state.options;
  connection_ptr control;
  {
    auto connected = co_await connect(group, options.way, state.seen, "outer", state.log);
    if (connected.has_error()) co_return connected.error();
    control = *connected;
  }
  // Bulk data travels on a connection of its own, so that it delays neither Solve nor Status.
  connection_ptr carrier;
  if (!options.way->has_session_entry()) {
    auto connected = co_await connect(group, options.way, state.seen, "outer-session", state.log);
    if (connected.has_error()) co_return connected.error();
    carrier = *connected;
  }
  result<daemon_version> version = co_await ask_version(control, options.way);
  if (version.has_error()) {
    failure why = version.error();
    if (why.code == errc::closed && !options.way->uses_tls() &&
        options.way->address().kind == transport::scheme::tcp)
      why.text += " before it answered; if it expects TLS, use --tlscacert, --tlscert and --tlskey";
    co_return why;
  }
  state.outcome.daemon = *version;
  state.log.info("daemon at {}: BuildKit {}", options.way->name(),
                 version->text.empty() ? "of unknown version" : version->text);
  result<void> accepted = check_version(*version, options.way->name());
  if (accepted.has_error()) co_return accepted.error();
  if (options.to_docker) {
    result<void> prepared =
        co_await prepare_docker_output(options.way, control, *options.to_docker, state.options.solve,
                                       state.options.output, state.delivery, state.log);
    if (prepared.has_error()) co_return prepared.error();
    if (state.options.output) state.targets->by_id.push_back(*state.options.output);
  }

  const executor ex = co_await asio::this_coro::executor;
  bool status_done = false;
  event status_ended(ex);
  auto status_task = [](build_state& s, connection_ptr c, bool& done, event& ended) -> task<result<void>> {
    result<void> r = co_await read_status(s, std::move(c));
    done = true;
    ended.notify();
    co_return r;
  };
  state.session = std::make_unique<session::session>(options.names, make_services(state), state.log);
  result<void> ran = co_await task_group::run([&](task_group& parts) -> task<result<void>> {
    parts.spawn(run_session(state, carrier));
    parts.spawn(watch_silence(state));
    parts.spawn(report_transfer(state));
    parts.spawn(status_task(state, control, status_done, status_ended));
    co_await call_solve(state, control, parts);
    // The solve has its answer: close the session, let the last events arrive, then stop what is left.
    state.session->close();
    const auto until = std::chrono::steady_clock::now() + status_idle_limit;
    while (!status_done) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      co_await status_ended.wait_for(left);
    }
    parts.cancel();
    co_return result<void>();
  });
  if (state.solve_failure) co_return explain(state);
  if (!state.solved && ran.has_error()) {
    if (state.contexts->first_failure) co_return *state.contexts->first_failure;
    co_return ran.error();
  }
  co_return result<void>();
}

task<result<build_outcome>> run_once(const build_options& options, stop_request& stop, channel<progress::batch>& events,
                                     blocking_pool& pool, const logger& log) {
  build_state state(options, stop, events, pool, log);
  state.options.solve.session_id = state.options.names.id;
  state.options.solve.ref = session::random_id();
  state.contexts->by_name = state.options.contexts;
  if (state.options.output) state.targets->by_id.push_back(*state.options.output);
  result<void> done = co_await task_group::run([&state](task_group& group) -> task<result<void>> {
    result<void> solved = co_await solve_and_drain(state, group);
    group.cancel();
    co_return solved;
  });
  if (done.has_error()) co_return done.error();
  if (state.options.to_docker) state.outcome.delivery = *state.delivery;
  state.outcome.context = state.contexts->live;
  state.outcome.wire = *state.seen;
  state.outcome.exported_bytes = state.targets->received.bytes_transferred;
  co_return std::move(state.outcome);
}

/// The scanner is resolved after the build itself, so a second try finds everything in the daemon's cache.
bool scanner_is_missing(const failure& why) {
  return why.code == errc::remote && why.text.find("buildkit-syft-scanner") != std::string::npos;
}

}  // namespace

task<result<build_outcome>> run_build(const build_options& options, stop_request& stop, channel<progress::batch>& events,
                                      blocking_pool& pool, const logger& log) {
  struct closer {
    channel<progress::batch>& c;
    ~closer() { c.close(); }
  } close_events{events};
  result<build_outcome> outcome = co_await run_once(options, stop, events, pool, log);
  if (outcome.has_value() || !options.sbom_is_optional || !options.solve.attest.sbom ||
      !scanner_is_missing(outcome.error()))
    co_return outcome;
  const std::string reason = outcome.error().text;
  build_options without_sbom = options;
  without_sbom.solve.attest.sbom.reset();
  result<build_outcome> again = co_await run_once(without_sbom, stop, events, pool, log);
  if (again.has_value())
    again->warnings.push_back("no SBOM was made, because the daemon cannot pull the scanner image (" + reason +
                              "). Use --sbom=generator=IMAGE for another one, or --sbom=false to be quiet about it.");
  co_return again;
}

}  // namespace peelbox::build
