#include "engine/client/solve.hpp"

#include <algorithm>
#include <utility>

#include "engine/async/sleep.hpp"
#include "engine/async/task_group.hpp"
#include "engine/client/error_details.hpp"
#include "engine/client/gateway.hpp"
#include "engine/client/layout.hpp"
#include "engine/client/observed_stream.hpp"
#include "engine/client/solve_messages.hpp"
#include "engine/client/status_stream.hpp"
#include "engine/oci/digest.hpp"
#include "engine/session/health_service.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::client {

namespace {

using namespace std::chrono_literals;
namespace wire_v1 = moby::buildkit::v1;
using connection_ptr = std::shared_ptr<h2grpc::connection>;

/// After the solve the daemon may still send the last log lines; it ends the stream by itself soon after.
constexpr auto status_idle_limit = 5s;

/// Which session serves what. The definitions of a build name its first session for their contexts, so that equal operations
/// are equal bytes; a frontend asks in the session of its own solve. The daemon may ask any of them for the rest.
h2grpc::method_table make_services(solve_state& state) {
  build_state& build = state.build;
  h2grpc::method_table methods;
  session::add_health_service(methods);
  session::add_filesync_service(methods, build.contexts, build.pool, build.log);
  if (!state.targets->by_id.empty()) session::add_filesend_service(methods, state.targets, build.pool);
  session::store_book layouts = build.options.layouts;
  if (const session::served_layout* out = layout_of(state.request)) layouts.emplace(session::export_store, *out);
  if (!layouts.empty()) session::content(std::move(layouts), build.pool)(methods);
  for (const session::attachable& add : build.options.attachables) add(methods);
  return methods;
}

session::identity session_names(build_state& build, std::size_t index) {
  if (build.keyed.frontend && build.options.way->has_session_entry() && !build.carrier) leave_known_session(build);
  if (build.keyed.frontend) return {build.keyed.frontend->id, build.options.names.shared_key};
  return {index == 0 ? build.session_id : session::random_id(), build.options.names.shared_key};
}

struct solving_mark {
  explicit solving_mark(stop_request& s) : stop(s) { stop.solve_begins(); }
  ~solving_mark() { stop.solve_ends(); }
  solving_mark(const solving_mark&) = delete;
  solving_mark& operator=(const solving_mark&) = delete;
  stop_request& stop;
};

/// Reports the daemon's events until it ends the stream. Why it ended is told by the solve's answer.
task<result<void>> read_status(solve_state& state) {
  auto take = [&state](progress::batch events) -> task<bool> {
    events = state.build.shown.of_service(state.index, std::move(events));
    if (events.empty()) co_return true;
    co_return co_await state.build.events.push(std::move(events));
  };
  (void)co_await read_status_stream(state.build.control, state.request.ref, take);
  co_return result<void>();
}

task<result<void>> reset_on_stop(stop_request& stop, h2grpc::client_call& solve) {
  co_await stop.wait();
  solve.cancel();
  co_return result<void>();
}

wire_v1::SolveRequest named_solve(const solve_state& state) {
  wire_v1::SolveRequest request = control_solve(state.request);
  if (request.has_definition()) name_sessions(state.build, *request.mutable_definition());
  for (auto& [name, definition] : *request.mutable_frontendinputs()) name_sessions(state.build, definition);
  return request;
}

task<result<wire_v1::SolveResponse>> exchange_solve(solve_state& state, task_group& group) {
  constexpr std::string_view path = "/moby.buildkit.v1.Control/Solve";
  const connection_ptr control = state.build.control;
  stop_request& stop = state.build.stop;
  auto call = std::make_shared<h2grpc::client_call>(control->open(std::string(path), h2grpc::metadata()));
  group.spawn([](stop_request& s, std::shared_ptr<h2grpc::client_call> c) -> task<result<void>> {
    co_return co_await reset_on_stop(s, *c);
  }(stop, call));
  const solving_mark mark(stop);
  if (!needs_gateway(state.request)) co_await contexts_judged(state.build);
  result<void> sent = co_await call->send(h2grpc::encode(named_solve(state)));
  call->half_close();
  std::optional<byte_slice> reply;
  if (sent.has_value()) {
    result<std::optional<byte_slice>> received = co_await call->receive();
    if (received.has_value()) reply = *received;
  }
  const grpc_status status = co_await call->finish();
  // The daemon had built everything before it heard of the wish to stop.
  if (reply && status.ok()) co_return h2grpc::decode<wire_v1::SolveResponse>(*reply, path);
  if (stop.asked()) co_return failure(errc::cancelled, "the build was cancelled", origin::user);
  if (control->ended())
    co_return failure(errc::lost,
                      fmt::format("the connection to the daemon at {} was lost during the build: {}",
                                  state.build.options.way->name(), control->ended()->text),
                      origin::transport);
  if (!status.ok()) co_return h2grpc::status_failure(status, "failed to solve");
  co_return failure(errc::protocol, "the daemon ended Solve without a reply", origin::peer);
}

/// It tells of the connection that broke below it, and of no file of ours.
bool only_repeats_a_loss(const failure& why) noexcept {
  return why.code == errc::closed || why.code == errc::connection || why.code == errc::timed_out || why.code == errc::protocol;
}

/// Why a solve failed: our own failure if the cause is on our side, because the daemon's error only repeats it. A connection or session
/// that was lost is the reason for whatever else is said then.
failure explain(const solve_state& state, const failure& why) {
  const bool control_lost = why.code == errc::lost;
  const bool lost = control_lost || (state.session_lost && why.code == errc::remote);
  const std::optional<failure>* const ours[] = {&state.build.contexts->first_failure, &state.targets->first_failure};
  for (const std::optional<failure>* one : ours)
    if (*one && !(lost && only_repeats_a_loss(**one))) return **one;
  if (lost) return control_lost ? why : *state.session_lost;
  // The daemon's answer has more of a failure that was the daemon's already.
  if (state.plan_failure && !state.plan_failure->status) return *state.plan_failure;
  return definition_too_large(why).value_or(why);
}

/// Why an optional SBOM cannot be made, when that is what a solve failed for: its scanner is not there, which is known before
/// the first step, or can be named but not pulled.
std::optional<std::string> missing_scanner(const solve_state& state, const failure& why) {
  const build_state& build = state.build;
  if (!state.sbom_is_optional() || why.code != errc::remote) return std::nullopt;
  if (state.plan_failure) return std::nullopt;
  if (build.scanner_missing) return build.scanner_missing;
  if (why.text.find("buildkit-syft-scanner") == std::string::npos) return std::nullopt;
  return why.text;
}

void go_without_sbom(solve_state& state, const std::string& reason) {
  state.request.attest.sbom.reset();
  state.outcome.warnings.push_back("no SBOM was made, because the daemon cannot pull the scanner image (" + reason +
                                   "). Use --sbom=generator=IMAGE for another one, or --sbom=false to be quiet about it.");
}

/// Definitions that the program hands in follow (gateway.cpp).
void use_cache(solve_state& state) {
  state.uses_cache = true;
  state.request.no_cache = false;
  if (auto* finished = std::get_if<definitions>(&state.request.source))
    for (platform_build& part : finished->parts) part.definition = with_cache(*part.definition);
}

struct status_end {
  explicit status_end(executor ex) : changed(std::move(ex)) {}
  bool reached = false;
  event changed;
};

task<result<void>> follow_status(solve_state& state, status_end& end) {
  result<void> r = co_await read_status(state);
  state.build.shown.ended(state.index);
  end.reached = true;
  end.changed.notify();
  co_return r;
}

task<result<wire_v1::SolveResponse>> solve_once(solve_state& state) {
  // A daemon takes each reference only once, so another attempt needs a new one.
  if (state.request.ref.empty() || !state.outcome.ref.empty()) state.request.ref = session::random_id();
  state.outcome.ref = state.request.ref;
  status_end end(co_await asio::this_coro::executor);
  result<wire_v1::SolveResponse> reply = failure(errc::internal, "the solve did not run");
  result<void> ran = co_await task_group::run([&](task_group& parts) -> task<result<void>> {
    parts.spawn(follow_status(state, end));
    // Without its SBOM a plain definition may need no gateway any more.
    if (needs_gateway(state.request)) parts.spawn(drive_gateway(state));
    reply = co_await exchange_solve(state, parts);
    // The daemon has answered: let the last events arrive, then stop what is left.
    const auto until = std::chrono::steady_clock::now() + status_idle_limit;
    while (!end.reached) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      co_await end.changed.wait_for(left);
    }
    parts.cancel();
    co_return result<void>();
  });
  // A failure of these parts only repeats what the reply says.
  if (ran.has_error()) state.build.log.debug("outer: solve {}: {}", state.request.ref, ran.error().text);
  co_return reply;
}

task<result<wire_v1::SolveResponse>> solve_again(solve_state& state) {
  filesync::transfer_stats& past = state.build.contexts->past;
  const filesync::transfer_stats first_try = state.build.contexts->total();
  auto solving = solve_once(state);
  result<wire_v1::SolveResponse> reply = co_await std::move(solving);
  // Usually the daemon has kept the context. If it has asked for it again, only the second transfer counts. With several
  // services nobody can tell whose transfer it was, so all count.
  if (state.build.solves.size() == 1 && past.entries() > first_try.entries()) past -= first_try;
  co_return reply;
}

/// What a solve builds, as the daemon gets it.
std::vector<platform_build> parts_of(const solve_state& state) {
  if (const auto* finished = std::get_if<definitions>(&state.request.source)) return with_sessions(state.build, finished->parts);
  return state.program ? with_sessions(state.build, state.program->plan()) : std::vector<platform_build>();
}

/// The ids of contexts that the daemon asked this build for, or of the others.
std::vector<std::string> ids_of(const build_state& build, bool asked) {
  std::vector<std::string> ids;
  for (const auto& one : build.keyed.all)
    if (build.contexts->was_asked(*one->judged) == asked) ids.push_back(one->id.text());
  return ids;
}

/// Whether the operation that failed is one that reads from these sessions. The daemon says which it was.
bool failed_at(const solve_state& state, const failure& why, const std::vector<std::string>& ids) {
  if (ids.empty() || !why.status) return false;
  const std::vector<std::string> failed = read_error_details(*why.status).vertices;
  for (const platform_build& part : parts_of(state))
    for (const std::string& op : part.definition->def()) {
      const auto names = [&](const std::string& id) { return op.find(id) != op.npos; };
      if (std::any_of(ids.begin(), ids.end(), names) && std::find(failed.begin(), failed.end(), oci::digest_of(op)) != failed.end())
        return true;
    }
  return false;
}

/// Whether a solve failed because a context was not what its fingerprint says. The daemon repeats our words, or says of one of the files
/// that were under way that it ended too early.
bool met_another_context(const solve_state& state, const failure& why) {
  const auto& found = state.build.contexts->outdated;
  if (!found || why.code != errc::remote) return false;
  return why.text.find(found->text) != why.text.npos || failed_at(state, why, ids_of(state.build, true));
}

/// Whether a solve failed because the daemon asked another build for a context that both have under one id, and did not get it:
/// that build was killed, or found another tree meanwhile. The daemon says which operation failed; where another machine may be
/// the other one, and it does not, it may be a session that ended ("error reading from server").
bool was_left_alone(const solve_state& state, const failure& why) {
  const build_state& build = state.build;
  if (build.keyed.outdated || build.keyed.all.empty() || why.code != errc::remote || !why.status) return false;
  const std::vector<std::string> unasked = ids_of(build, false);
  if (failed_at(state, why, unasked)) return true;
  return !build.options.shared_secret.empty() && unasked.size() == build.keyed.all.size() &&
         why.status->code == static_cast<int>(h2grpc::code::unavailable);
}

/// Another try under ids that are shared again, or after several in the build's own session, where contexts are compared.
void leave_lost_ids(build_state& build, unsigned failed) {
  if (take_other_ids(build, failed)) {
    build.log.info("another build was sending this context and ended, so it is asked for under another id");
    return;
  }
  leave_ids(build);
  build.log.info("other builds were sending this context and ended, so it is compared in a session of its own");
}

/// From now on contexts are sent as they are found, by the build's own session.
void forget_fingerprints(build_state& build) {
  leave_ids(build);
  build.contexts->record.reset();
  build.log.info("a context changed since the build began, so it is sent as it is now: {}", build.contexts->outdated->text);
}

/// Serves through the carrier, or on a connection of its own. Returns why it ended; sets `cannot_start` if it never began.
task<failure> serve_session(solve_state& state, session::session& served, std::optional<failure>& cannot_start) {
  build_state& build = state.build;
  // The entry refuses an id that it has not forgotten yet.
  if (!build.options.way->has_session_entry() || build.keyed.frontend) {
    failure why = co_await served.run(build.carrier);
    co_return why;
  }
  result<transport::stream_ptr> stream = co_await build.options.way->session(served.headers());
  if (stream.has_error()) {
    cannot_start = stream.error().in("session");
    co_return *cannot_start;
  }
  build.log.debug("session: connected to {}", (*stream)->describe());
  transport::stream_ptr observed = observe(std::move(*stream), build.seen);
  failure why = co_await served.run_on(std::move(observed));
  co_return why;
}

task<result<void>> serve_second(solve_state& state, session::session& served) {
  std::optional<failure> cannot_start;
  const failure why = co_await serve_session(state, served, cannot_start);
  state.build.log.debug("second session: {}", why.text);
  co_return result<void>();
}

/// For what the daemon keeps by the id of a frontend's session: another tree may not come under it.
task<result<wire_v1::SolveResponse>> solve_in_new_session(solve_state& state) {
  build_state& build = state.build;
  session::session second({session::random_id(), build.options.names.shared_key}, make_services(state), build.log,
                          build.options.silence_limit);
  state.request.session_id = second.names().id;
  result<wire_v1::SolveResponse> reply = failure(errc::internal, "the solve did not run");
  std::function<task<result<void>>(task_group&)> body = [&](task_group& group) -> task<result<void>> {
    group.spawn(serve_second(state, second));
    reply = co_await solve_again(state);
    second.close();
    group.cancel();
    co_return result<void>();
  };
  (void)co_await task_group::run(std::move(body));
  co_return reply;
}

}  // namespace

solve_state::solve_state(build_state& b, std::size_t i) : build(b), index(i), request(b.options.services[i]) {}

namespace {

/// Puts an exporter and a sink in the place of a Docker store.
task<result<void>> prepare_docker(solve_state& state, export_request& wanted) {
  build_state& build = state.build;
  docker_store store = std::get<docker_store>(wanted.where);
  result<docker_export> ready = co_await prepare_docker_export(build.options.way, build.control, std::move(store), wanted.how,
                                                               state.request, build.options.silence_limit, build.log);
  if (ready.has_error()) co_return ready.error();
  wanted = {std::move(ready->exporter.how), std::move(ready->where)};
  state.delivery = std::move(ready->delivery);
  if (!ready->exporter.ignores_epoch || state.request.source_date_epoch.empty()) co_return result<void>();
  state.request.source_date_epoch.clear();
  state.outcome.warnings.emplace_back(
      "SOURCE_DATE_EPOCH has no effect: the BuildKit of this Docker engine stores images with a graph driver, which sets its own "
      "times. The containerd image store and --output type=oci,dest=FILE follow it.");
  co_return result<void>();
}

/// The place of the exporter's output in its session; std::nullopt for one that needs none.
std::optional<session::export_target> target_of(const export_sink& where) {
  if (const auto* file = std::get_if<session::file_target>(&where)) return *file;
  if (const auto* directory = std::get_if<session::directory_target>(&where)) return *directory;
  if (const auto* consumer = std::get_if<session::consumer_target>(&where)) return *consumer;
  return std::nullopt;
}

}  // namespace

task<result<void>> prepare_solve(solve_state& state) {
  build_state& build = state.build;
  solve_request& request = state.request;
  for (export_request& one : request.exports) {
    if (!std::holds_alternative<docker_store>(one.where)) continue;
    result<void> prepared = co_await prepare_docker(state, one);
    if (prepared.has_error()) co_return prepared;
  }
  for (std::size_t i = 0; i < request.exports.size(); ++i)
    if (auto target = target_of(request.exports[i].where)) state.targets->by_id.emplace(i, std::move(*target));
  if (const auto* own = std::get_if<std::shared_ptr<gateway_program>>(&request.source)) state.program = *own;
  else if (needs_gateway(request)) state.program = program_of(std::get<definitions>(request.source));
  state.callbacks.emplace(session_names(build, state.index), make_services(state), build.log,
                          build.options.silence_limit);
  request.session_id = state.callbacks->names().id;
  co_return result<void>();
}

task<result<void>> run_session(solve_state& state) {
  build_state& build = state.build;
  std::optional<failure> cannot_start;
  const failure why = co_await serve_session(state, *state.callbacks, cannot_start);
  if (state.index == 0) {
    build.keyed.main_ended = true;
    build.keyed.changed.notify();
  }
  if (cannot_start) co_return *cannot_start;
  build.log.debug("{}", why.text);
  const auto expected = [&] { return state.index == 0 ? build.all_solved : state.solved; };
  // The solve's own answer says more, so it gets a moment to arrive.
  if (!expected())
    state.session_lost = failure(errc::lost,
                    fmt::format("the daemon at {} {} during the build: {}", build.options.way->name(),
                                why.code == errc::timed_out ? "no longer answered on the session" : "dropped the session",
                                why.text),
                    origin::peer);
  for (int i = 0; i < 30 && !expected(); ++i) co_await sleep_for(100ms);
  if (expected()) co_return result<void>();
  co_return *state.session_lost;
}

task<void> run_solve(solve_state& state) {
  const auto started = std::chrono::steady_clock::now();
  // Services that come later know it from the first.
  if (state.sbom_is_optional() && state.build.scanner_missing) go_without_sbom(state, *state.build.scanner_missing);
  unsigned variant = state.build.keyed.variant;
  result<wire_v1::SolveResponse> reply = co_await solve_once(state);
  while (reply.has_error() && !met_another_context(state, reply.error()) && was_left_alone(state, reply.error())) {
    leave_lost_ids(state.build, variant);
    variant = state.build.keyed.variant;
    use_cache(state);
    auto again = solve_again(state);
    reply = co_await std::move(again);
  }
  if (reply.has_error() && met_another_context(state, reply.error())) {
    forget_fingerprints(state.build);
    use_cache(state);
    auto again = state.build.keyed.frontend ? solve_in_new_session(state) : solve_again(state);
    reply = co_await std::move(again);
  }
  std::optional<std::string> reason;
  if (reply.has_error()) reason = missing_scanner(state, reply.error());
  if (reason) {
    go_without_sbom(state, *reason);
    // Where the scanner was known to be missing nothing has run yet.
    if (!state.build.scanner_missing) use_cache(state);
    reply = co_await solve_again(state);
  }
  state.solved = true;
  if (reply.has_error()) {
    state.why = explain(state, reply.error());
  } else {
    for (const auto& [key, value] : reply->exporterresponse()) state.outcome.exporter_response[key] = value;
  }
  if (state.delivery) state.outcome.delivery = *state.delivery;
  state.outcome.platforms = state.request.platforms;
  if (state.program)
    for (const platform_build& part : state.program->plan())
      if (state.request.platforms.empty()) state.outcome.platforms.push_back(part.platform);
  state.outcome.has_sbom = state.request.attest.sbom.has_value();
  state.outcome.exported_bytes = state.targets->received.bytes_transferred;
  if (const session::served_layout* out = layout_of(state.request)) state.outcome.exported_bytes += out->seen->bytes;
  state.outcome.took =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
}

}  // namespace peelbox::client
