#include "engine/client/build.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "engine/async/sleep.hpp"
#include "engine/async/task_group.hpp"
#include "engine/client/context_watch.hpp"
#include "engine/client/daemon_platform.hpp"
#include "engine/client/provenance_reader.hpp"
#include "engine/client/repeat.hpp"
#include "engine/client/solve.hpp"

namespace peelbox::client {

namespace {

using namespace std::chrono_literals;

/// Solves that are under way at the same time.
constexpr std::size_t solves_at_once = 32;

/// How long a daemon, which has answered everything else, may take for the provenance of all services.
constexpr auto provenance_limit = 10s;

progress::batch transfer_event(const session::shared_contexts::transfer& one) {
  using phase = progress::context_transfer::phase;
  progress::context_transfer t;
  t.id = one.id;
  t.name = one.name;
  t.state = one.failed ? phase::failed : one.ended ? phase::done : one.stats.list_complete ? phase::sending : phase::scanning;
  t.files_seen = one.stats.files;
  t.files_asked = one.stats.files_requested;
  t.files_sent = one.stats.files_transferred;
  t.bytes_sent = one.stats.bytes_transferred;
  t.timestamp = std::chrono::time_point_cast<progress::duration>(std::chrono::system_clock::now());
  progress::batch report;
  report.transfers.push_back(std::move(t));
  report.local_clock = true;
  return report;
}

/// Reports what the session sends, beside the daemon's own count. A report that is not taken is lost; later ones say more.
task<result<void>> report_transfers(build_state& state) {
  std::map<std::uint64_t, std::uint64_t> told;
  if (state.options.contexts.empty()) co_return result<void>();
  std::chrono::milliseconds pause = 200ms;
  while (!state.all_solved) {
    co_await sleep_for(pause);
    // During most of a build nothing is sent.
    pause = state.contexts->running.empty() ? std::min<std::chrono::milliseconds>(pause + 100ms, 1s) : 200ms;
    std::map<std::uint64_t, std::uint64_t> now;
    for (const auto& one : state.contexts->running) {
      const std::uint64_t mark = one.stats.entries() + one.stats.bytes_transferred + one.stats.files_transferred;
      now[one.id] = mark;
      const auto before = told.find(one.id);
      if (before != told.end() && before->second == mark) continue;
      state.events.take(transfer_event(one));
    }
    told = std::move(now);
  }
  co_return result<void>();
}

task<result<void>> open_carrier(build_state& state, task_group& group) {
  const build_options& options = state.options;
  const bool has_entry = options.way->has_session_entry();
  const bool keyed = keeps_session(options) || (options.user && !options.keyed_contexts.empty());
  if (has_entry && !keyed) co_return result<void>();
  auto carrier = co_await connect(group, options.way, state.seen, "outer-session", state.log,
                                    options.silence_limit);
  if (carrier.has_error() && has_entry) {
    state.log.info("contexts are compared, because there is no second connection: {}", carrier.error().text);
    co_return result<void>();
  }
  if (carrier.has_error()) co_return carrier.error();
  state.carrier = *carrier;
  co_return result<void>();
}

task<result<daemon_version>> accept_version(build_state& state) {
  const build_options& options = state.options;
  result<daemon_version> version = co_await ask_version(state.control, options.way);
  if (version.has_error()) co_return version.error();
  state.log.info("daemon at {}: BuildKit {}", options.way->name(),
                 version->text.empty() ? "of unknown version" : version->text);
  result<void> accepted = check_version(*version, options.way->name());
  if (accepted.has_error()) co_return accepted.error();
  std::size_t exporters = 0;
  for (const solve_request& request : options.services) exporters = std::max(exporters, request.exports.size());
  accepted = check_exporters(*version, exporters, options.way->name());
  if (accepted.has_error()) co_return accepted.error();
  co_return version;
}

/// Gives the daemon's version, which has been accepted. The second connection is made while the daemon tells it, so it
/// costs no round trip; not beside the first, because that may be what starts the daemon.
task<result<daemon_version>> open_connections(build_state& state, task_group& group) {
  const build_options& options = state.options;
  auto control = co_await connect(group, options.way, state.seen, "outer", state.log, options.silence_limit);
  if (control.has_error()) co_return control.error();
  state.control = *control;
  result<daemon_version> version = failure(errc::internal, "the daemon was not asked for its version");
  result<void> joined = co_await task_group::run([&](task_group& both) -> task<result<void>> {
    both.spawn(open_carrier(state, group));
    version = co_await accept_version(state);
    if (version.has_error()) co_return version.error();
    co_return result<void>();
  });
  if (joined.has_error()) co_return joined.error();
  co_return version;
}

/// Measures one phase after the other.
class phase_clock {
 public:
  phase_clock(std::vector<build_phase>& phases, const logger& log) : phases_(phases), log_(log) {}
  void end(std::string name) {
    const auto now = std::chrono::steady_clock::now();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - std::exchange(since_, now));
    log_.info("phase {}: {:.1f} ms", name, static_cast<double>(took.count()) / 1000);
    phases_.push_back({std::move(name), took});
  }

 private:
  std::vector<build_phase>& phases_;
  const logger& log_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// Runs after the builds; a failure here never makes one of them fail.
task<void> add_provenance(build_state& state, std::deque<solve_state>& solves) {
  const auto until = std::chrono::steady_clock::now() + provenance_limit;
  for (solve_state& solve : solves) {
    if (solve.why) continue;
    const auto left = until - std::chrono::steady_clock::now();
    auto read = co_await read_provenance(state.control, solve.outcome.ref, state.options.provenance,
                                         std::max(left, left.zero()));
    if (read.has_value()) {
      solve.outcome.provenance = std::move(*read);
      continue;
    }
    solve.outcome.warnings.push_back(
        fmt::format("the metadata file is without buildx.build.provenance: {}. BUILDX_METADATA_PROVENANCE=disabled "
                    "builds without asking for it.",
                    read.error().text));
    if (read.error().code == errc::timed_out) co_return;
  }
}

/// Stopped in time, or something was built.
void note_end(stop_request& stop, const std::deque<solve_state>& solves) {
  const auto stopped = [](const solve_state& one) { return one.why && one.why->code == errc::cancelled; };
  const auto built = [](const solve_state& one) { return !one.why; };
  if (std::none_of(solves.begin(), solves.end(), stopped) && std::any_of(solves.begin(), solves.end(), built)) stop.built();
}

/// Solves services that have not been begun, one after the other, until none is left.
task<result<void>> solve_next(std::deque<solve_state>& solves, std::size_t& next, std::size_t& left,
                              task_group& sessions) {
  while (next < solves.size()) {
    solve_state& mine = solves[next++];
    if (mine.build.stop.asked()) {
      mine.why = failure(errc::cancelled, "the build was cancelled", origin::user);
      mine.solved = true;
    } else {
      if (mine.index != 0) sessions.spawn(run_session(mine));
      co_await run_solve(mine);
    }
    --left;
    mine.build.all_solved = left == 0;
    if (left == 0) note_end(mine.build.stop, solves);
    if (mine.index != 0) mine.callbacks->close();
    if (left == 0) solves.front().callbacks->close();
  }
  co_return result<void>();
}

bool is_unchanged(const build_state& state, const context_session& context) {
  return !state.keyed.outdated && !state.contexts->was_asked(*context.judged);
}

/// What was looked at and not found to be something else. Of a frontend's directories that of the Dockerfile is left out, as
/// nobody wonders about it.
std::vector<context_look> looks_of(const build_state& state) {
  std::vector<context_look> looks;
  if (state.keyed.outdated) return looks;
  for (const auto& one : state.keyed.all)
    looks.push_back({one->request.name, one->judged->seen.files, one->took, is_unchanged(state, *one)});
  if (!state.keyed.frontend) return looks;
  for (const auto& one : state.keyed.frontend->looked) {
    if (one->name == "dockerfile" || one->seen.files == 0) continue;
    const auto same = std::find_if(looks.begin(), looks.end(), [&](const context_look& look) { return look.name == one->name; });
    if (same == looks.end()) looks.push_back({one->name, one->seen.files, state.keyed.frontend->took, is_unchanged(state, one->name)});
    else same->files = std::max(same->files, one->seen.files);
  }
  return looks;
}

/// Says of which contexts the daemon wanted nothing, when everything was built.
void show_unchanged(const build_state& state, const std::deque<solve_state>& solves) {
  for (const solve_state& one : solves)
    if (one.why) return;
  for (const context_look& one : looks_of(state)) {
    if (!one.unchanged) continue;
    progress::batch unchanged;
    unchanged.note = fmt::format("{} unchanged since an earlier build ({} looked at in {:.2f}s)", one.name,
                                 one.files == 1 ? "1 file" : fmt::format("{} files", one.files),
                                 static_cast<double>(one.took.count()) / 1000);
    state.events.take(std::move(unchanged));
  }
}

task<result<void>> solve_all(build_state& state, std::deque<solve_state>& solves) {
  std::size_t next = 0;
  std::size_t left = solves.size();
  result<void> ran = co_await task_group::run([&](task_group& parts) -> task<result<void>> {
    parts.spawn(run_session(solves.front()));
    parts.spawn(report_transfers(state));
    parts.spawn(serve_contexts(state));
    result<void> solved = co_await task_group::run([&](task_group& workers) -> task<result<void>> {
      const std::size_t count = std::min(solves.size(), solves_at_once);
      for (std::size_t i = 0; i < count; ++i) workers.spawn(solve_next(solves, next, left, parts));
      co_return result<void>();
    });
    if (state.all_solved) show_unchanged(state, solves);
    if (state.all_solved) co_await close_contexts(state);
    if (state.all_solved && !solves.front().why) co_await keep_session(state);
    parts.cancel();
    co_return solved;
  });
  if (state.all_solved) co_return result<void>();
  if (state.contexts->first_failure) co_return *state.contexts->first_failure;
  co_return ran;
}

/// What the daemon did not ask for counts as compared and not sent.
void add_looks(const build_state& state, build_outcome& outcome) {
  outcome.looks = looks_of(state);
  for (const auto& one : state.keyed.all)
    if (is_unchanged(state, *one)) outcome.context += one->judged->seen;
  if (!state.keyed.frontend) return;
  for (const auto& one : state.keyed.frontend->looked)
    if (is_unchanged(state, one->name)) outcome.context += one->seen;
}

task<result<build_outcome>> build_once(const build_options& options, std::string session_id, stop_request& stop,
                                       progress::event_sink& events, blocking_pool& pool, const logger& log) {
  build_state state(options, std::move(session_id), stop, events, pool, log, co_await asio::this_coro::executor);
  context_watch watch;
  state.contexts->by_name = watch.measured(options.contexts);
  state.contexts->on_end = [&events](const session::shared_contexts::transfer& one) {
    events.take(transfer_event(one));
  };
  build_outcome outcome;
  phase_clock phases(outcome.phases, log);
  std::deque<solve_state> solves;
  for (std::size_t i = 0; i < options.services.size(); ++i) state.solves.push_back(&solves.emplace_back(state, i));
  result<void> done = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn(judge_contexts(state));
    result<daemon_version> version = co_await open_connections(state, group);
    if (version.has_error()) co_return version.error();
    outcome.daemon = *version;
    progress::batch building;
    building.note = fmt::format("building with BuildKit {}at {}", version->text.empty() ? "" : version->text + " ",
                                options.way->name());
    co_await events.push(std::move(building));
    phases.end("connect");
    // Their session's id follows from the contexts.
    if (keeps_session(options)) co_await contexts_judged(state);
    for (solve_state& solve : solves) {
      result<void> prepared = co_await prepare_solve(solve);
      if (prepared.has_error()) co_return prepared;
    }
    group.spawn(ask_platform(state));
    phases.end("prepare");
    result<void> solved = co_await solve_all(state, solves);
    phases.end("solve");
    if (solved.has_value() && options.provenance != provenance_mode::disabled) {
      co_await add_provenance(state, solves);
      phases.end("provenance");
    }
    group.cancel();
    co_return solved;
  });
  phases.end("close");
  if (done.has_error()) co_return done.error();
  for (solve_state& solve : solves) {
    if (solve.why) outcome.services.emplace_back(*solve.why);
    else outcome.services.emplace_back(std::move(solve.outcome));
  }
  outcome.context = state.contexts->total();
  add_looks(state, outcome);
  outcome.wire = *state.seen;
  if (auto grown = grown_files_warning(outcome.context)) outcome.warnings.push_back(std::move(*grown));
  if (auto large = watch.warning(outcome.context)) outcome.warnings.push_back(std::move(*large));
  co_return outcome;
}

/// Files are empty again, and the daemon takes each reference only once.
result<void> begin_again(build_options& options) {
  for (solve_request& service : options.services) {
    service.ref.clear();
    for (export_request& one : service.exports) {
      if (const auto* out = std::get_if<session::served_layout>(&one.where)) *out->seen = {};
      const auto* file = std::get_if<session::file_target>(&one.where);
      if (file == nullptr || !file->file) continue;
      result<void> begun = file->file->begin_again();
      if (begun.has_error()) return begun;
    }
  }
  return {};
}

double random_part() {
  static thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(source);
}

}  // namespace

task<result<build_outcome>> run_build(const build_options& options, stop_request& stop, progress::event_sink& events,
                                      blocking_pool& pool, const logger& log) {
  const progress::closes_sink close_events(events);
  auto building = build_once(options, options.names.id, stop, events, pool, log);
  result<build_outcome> ended = co_await std::move(building);
  repetition tries(options.retries);
  // Definitions can be large, and hardly any build needs this copy.
  std::optional<build_options> again;
  for (;;) {
    if (stop.asked()) co_return ended;
    const auto pause = tries.next(ended, random_part());
    if (!pause) co_return tries.settle(std::move(ended));
    if (const auto spoilt = spoilt_output(options)) {
      log.warning("the build is not tried again, because part of its output has gone to {} already", *spoilt);
      co_return ended;
    }
    progress::batch over;
    over.starts_over = true;
    log.warning("{}; trying again in {:.1f} s ({} of {})", tries.last().text, static_cast<double>(pause->count()) / 1000, tries.made(),
                options.retries);
    co_await events.push(std::move(over));
    if (co_await sleep_for(*pause) == wake::cancelled) co_return ended;
    if (!again) again = options;
    if (result<void> begun = begin_again(*again); begun.has_error()) co_return begun.error();
    auto next = build_once(*again, session::random_id(), stop, events, pool, log);
    ended = co_await std::move(next);
  }
}

}  // namespace peelbox::client
