#include "cli/bench/measure.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <memory>

#include "cli/bench/daemon_cost.hpp"
#include "cli/bench/relay.hpp"
#include "cli/bench/timed_run.hpp"
#include "cli/bench/trees.hpp"
#include "engine/async/sleep.hpp"
#include "engine/client/cache.hpp"
#include "engine/client/daemon.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli::bench {

namespace {

using clock = std::chrono::steady_clock;

/// A tree that several workloads may use.
struct tree_shape {
  std::uint64_t files;
  std::uint64_t size;
  auto operator<=>(const tree_shape&) const = default;
};

/// What clients sent is in records of their own (source/local/source.go of BuildKit).
task<result<void>> forget_contexts(std::shared_ptr<h2grpc::connection> control) {
  client::prune_request request;
  request.filters = {"type==source.local"};
  std::function<void(const client::cache_record&)> gone = [](const client::cache_record&) {};
  auto pruning = client::prune_cache(std::move(control), std::move(request), gone);
  co_return co_await std::move(pruning);
}

class measuring {
 public:
  measuring(plan what, blocking_pool& pool, const logger& log) : plan_(std::move(what)), pool_(pool), log_(log) {
    for (const participant& one : plan_.sides) daemons_.push_back(process_behind(one.address));
  }

  task<result<measured>> one(workload work) {
    measured found;
    found.name = work.name;
    found.what = work.what;
    found.copies = work.copies;
    if (work.context == novelty::all || work.kind == task_kind::export_) found.bytes = work.files * work.file_size;
    if (work.delayed) {
      found.what += fmt::format(" ({} ms there and back)", plan_.round_trip.count());
      if (found.skipped = why_no_relay(); !found.skipped.empty()) co_return found;
    }
    auto preparing = prepare(work);
    result<void> prepared = co_await std::move(preparing);
    if (prepared.has_error()) co_return prepared.error();
    found.runs.resize(plan_.sides.size());
    found.wire.resize(plan_.sides.size());
    for (unsigned round = 0; round <= plan_.runs; ++round) {
      for (std::size_t turn = 0; turn < plan_.sides.size(); ++turn) {
        const std::size_t who = (turn + round) % plan_.sides.size();
        auto running = run(work, who, work.delayed ? plan_.round_trip : std::chrono::milliseconds(0), nullptr);
        result<sample> cost = co_await std::move(running);
        if (cost.has_error()) co_return cost.error();
        // The first round fills caches of the daemon and of the kernel.
        if (round > 0) found.runs[who].push_back(std::move(*cost));
      }
    }
    if (work.copies > 1 || !why_no_relay().empty()) co_return found;
    for (std::size_t who = 0; who < plan_.sides.size(); ++who) {
      wire_count wire;
      auto counting = run(work, who, std::chrono::milliseconds(0), &wire);
      result<sample> cost = co_await std::move(counting);
      if (cost.has_error()) co_return cost.error();
      found.wire[who] = wire;
    }
    co_return found;
  }

 private:
  /// Empty when bytes can be counted and held back.
  std::string why_no_relay() const {
    for (const participant& one : plan_.sides)
      if (one.address.kind != transport::scheme::unix_socket && one.address.kind != transport::scheme::tcp)
        return fmt::format("bytes can only be held back on the way to unix:// and tcp:// addresses, not to {}", one.address.text);
    if (!plan_.tls.empty()) return "through a relay the daemon's certificate would not fit its address";
    return {};
  }

  std::string tree_of(const workload& work, unsigned copy) const {
    return fmt::format("{}/tree-{}-{}-{}", plan_.scratch, work.files, work.file_size, copy);
  }

  task<result<void>> prepare(workload work) {
    if (work.kind == task_kind::own) co_return result<void>();
    for (unsigned copy = 0; copy < work.copies; ++copy) {
      const std::string root = tree_of(work, copy);
      if (::access(root.c_str(), F_OK) == 0) continue;
      auto make = [root, files = work.files, size = work.file_size] { return make_tree(root, files, size); };
      result<void> made = co_await pool_.run(make);
      if (made.has_error()) co_return made;
    }
    co_return result<void>();
  }

  /// Until the daemon has used less than a fifth of a processor for a tenth of a second, or for ten seconds.
  task<void> wait_until_idle(std::size_t who) {
    if (!daemons_[who]) co_return;
    std::optional<double> before = cpu_of(*daemons_[who]);
    for (int i = 0; i < 100 && before; ++i) {
      co_await sleep_for(std::chrono::milliseconds(100));
      const std::optional<double> now = cpu_of(*daemons_[who]);
      if (!now || *now - *before < 0.02) co_return;
      before = now;
    }
  }

  result<std::vector<command_line>> commands(const workload& work, std::size_t who, const std::string& address, const std::string& archive) {
    const participant& side = plan_.sides[who];
    std::vector<command_line> lines;
    if (work.kind == task_kind::own) {
      result<command_line> line = own_command(side.client, plan_.own, address, plan_.tls);
      if (line.has_error()) return line.error();
      lines.push_back(std::move(*line));
      return lines;
    }
    for (unsigned copy = 0; copy < work.copies; ++copy) {
      const std::string name = fmt::format("{}-{}-{}", ::getpid(), work.context == novelty::all ? number_ : 0, copy);
      const std::string definition = fmt::format("{}/definition-{}", plan_.scratch, copy);
      result<void> written = session::write_file(definition, definition_of(work, name));
      if (written.has_error()) return written.error();
      lines.push_back(command_of(side.client, {address, plan_.tls, definition, tree_of(work, copy), archive}));
    }
    return lines;
  }

  task<result<sample>> run(workload work, std::size_t who, std::chrono::milliseconds round_trip, wire_count* wire) {
    ++number_;
    if (work.context == novelty::some) {
      auto change = [root = tree_of(work, 0), files = work.files, size = work.file_size, round = number_] {
        return change_tree(root, files, size, round);
      };
      result<void> changed = co_await pool_.run(change);
      if (changed.has_error()) co_return changed.error();
    }
    std::string address = plan_.sides[who].address.text;
    std::unique_ptr<relay> between;
    if (wire || round_trip.count() > 0) {
      result<std::unique_ptr<relay>> started = relay::start(fmt::format("{}/relay-{}", plan_.scratch, number_), plan_.sides[who].address, round_trip);
      if (started.has_error()) co_return started.error();
      between = std::move(*started);
      address = between->address();
    }
    const std::string archive = work.kind == task_kind::export_ ? plan_.scratch + "/archive.tar" : std::string();
    result<std::vector<command_line>> lines = commands(work, who, address, archive);
    if (lines.has_error()) co_return lines.error();
    co_await wait_until_idle(who);
    const std::optional<double> before = daemons_[who] ? cpu_of(*daemons_[who]) : std::nullopt;
    auto running = timed_run(std::move(*lines), plan_.scratch + "/log", plan_.limit);
    result<run_cost> cost = co_await std::move(running);
    if (!archive.empty()) ::unlink(archive.c_str());
    if (cost.has_error()) co_return cost.error();
    sample one{cost->wall, cost->cpu, double(cost->peak_memory), std::nullopt, std::move(cost->each)};
    if (before) {
      co_await wait_until_idle(who);
      if (const std::optional<double> after = cpu_of(*daemons_[who])) one.daemon_cpu = *after - *before;
    }
    if (plan_.prune && work.context == novelty::all) {
      auto forgetting = client::with_daemon(plan_.sides[who].way, log_, forget_contexts);
      const result<void> forgotten = co_await std::move(forgetting);
      if (forgotten.has_error()) co_return forgotten.error().in("--prune");
    }
    if (wire) {
      const relayed counted = between->counts();
      *wire = {counted.to_daemon, counted.to_client, counted.connections};
    }
    co_return one;
  }

  plan plan_;
  blocking_pool& pool_;
  const logger& log_;
  std::vector<std::optional<pid_t>> daemons_;
  std::uint64_t number_ = 0;
};

}  // namespace

task<result<void>> measure(plan what, report& all, listener tell, blocking_pool& pool, const logger& log) {
  std::optional<failure> first;
  const std::vector<workload> workloads = what.workloads;
  measuring on(std::move(what), pool, log);
  for (const workload& work : workloads) {
    tell.begins(work);
    auto running = on.one(work);
    result<measured> found = co_await std::move(running);
    if (found.has_error()) {
      measured failed;
      failed.name = work.name;
      failed.what = work.what;
      failed.skipped = found.error().text;
      found = std::move(failed);
      if (!first) first = failure(errc::remote, fmt::format("{} could not be measured", work.name));
    }
    all.workloads.push_back(std::move(*found));
    tell.ended(all, all.workloads.back());
  }
  if (first) co_return *first;
  co_return result<void>();
}

}  // namespace peelbox::cli::bench
