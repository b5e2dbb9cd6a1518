#include "cli/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <utility>

#include "cli/pool/bring_up.hpp"
#include "cli/pool/choose.hpp"
#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/halves.hpp"
#include "cli/pool/heartbeat.hpp"
#include "cli/pool/prefixed_lines.hpp"
#include "cli/pool/validate.hpp"
#include "cli/registry_access.hpp"
#include "engine/async/sleep.hpp"
#include "engine/async/task_group.hpp"
#include "engine/registry/merge_images.hpp"

namespace peelbox::cli::pool {

using kubernetes::pool_pod;
using kubernetes::pool_set;

namespace {

/// How long the end of a pod is asked for, after its build has lost it.
constexpr int most_looks = 10;
constexpr std::chrono::milliseconds look_pause{500};

/// One architecture of a build.
struct half {
  pool_view_ptr pool;
  std::shared_ptr<const build_args> wanted;
  std::string arch;
  std::string digest;
  std::string gone;  ///< why the pod's builds have ended
};
using half_ptr = std::shared_ptr<half>;

void say(const half& of, std::string_view line) { of.pool->with.say(fmt::format("{}: {}", of.arch, line)); }

/// Why the builds of `before` have ended, as far as the API knows; empty when it knows nothing.
task<std::string> ask_fate(half_ptr of, pool_pod before) {
  auto looking = of->pool->look(of->arch);
  const result<seen_set> seen = co_await std::move(looking);
  // That the API cannot be asked says nothing of the pod.
  if (seen.has_error()) co_return std::string();
  const auto now = std::find_if(seen->pods.begin(), seen->pods.end(), [&](const pool_pod& pod) { return pod.name == before.name; });
  co_return kubernetes::end_of_builds(before, now == seen->pods.end() ? nullptr : &*now);
}

/// A daemon that vanishes with its node leaves the build waiting: the API knows it sooner.
task<result<void>> watch(half_ptr of, pool_set set, pool_pod pod, task_group& group) {
  bool leaving = false;
  std::function<bool(std::vector<pool_pod>)> look = [&](std::vector<pool_pod> pods) {
    const pool_pod* const now = pods.empty() ? nullptr : &pods.front();
    of->gone = kubernetes::end_of_builds(pod, now);
    if (now != nullptr && now->leaving && !leaving) say(*of, pod.name + " is being deleted; it goes on with this build as long as it may");
    leaving = now != nullptr && now->leaving;
    return !of->gone.empty();
  };
  auto watching = of->pool->watch_pods(std::move(set), pod.name, std::move(look), nullptr);
  const result<void> ended = co_await std::move(watching);
  // That the API cannot be asked says nothing of the pod.
  if (ended.has_error()) of->pool->with.log.info("{} is not watched: {}", pod.name, ended.error().text);
  else group.cancel();
  co_return result<void>();
}

task<result<void>> build(std::shared_ptr<build_args> args, surroundings with, build_tale& tale, std::optional<int>& code, prefixed_lines& lines,
                         task_group& group) {
  auto building = run_build_command(*args, with, &tale);
  code = co_await std::move(building);
  lines.close();
  group.cancel();
  co_return result<void>();
}

/// The exit code of the build on this pod; none when it was cut off because the pod went.
task<result<std::optional<int>>> build_on(half_ptr of, pool_set set, pool_pod pod, build_tale& tale) {
  const pool_view& pool = *of->pool;
  result<prefixed_lines> lines = prefixed_lines::make(of->arch + ": ", pool.with.say);
  if (lines.has_error()) co_return lines.error();
  tale.progress_fd = lines->fd();
  auto args = std::make_shared<build_args>(build_for(*of->wanted, *pool.args, of->arch, pod_address(pod.name, *pool.args, pool.name_space())));
  surroundings with = pool.with;
  with.env = pool.variables();
  with.reach_pods = of->pool->way_to_pods();
  with.say = [say = pool.with.say, prefix = of->arch + ": "](std::string_view line) { say(prefix + std::string(line)); };
  std::optional<int> code;
  const executor ex = co_await asio::this_coro::executor;
  task_group printing(ex);
  printing.spawn(lines->run());
  task_group group(ex);
  group.spawn(watch(of, std::move(set), pod, group));
  group.spawn(build(args, with, tale, code, *lines, group));
  const wake why = co_await group.join();
  lines->close();
  co_await printing.join(std::chrono::seconds(5));
  if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  group.rethrow();
  if (group.first_failure()) co_return *group.first_failure();
  co_return code;
}

bool may_be_the_pod(const build_tale& tale) {
  if (!tale.why) return false;
  const errc code = tale.why->code;
  return code == errc::lost || code == errc::connection || code == errc::closed || code == errc::timed_out || code == errc::cancelled;
}

/// The pods, one of which is usable. A pod that went is mostly followed by one of its name; that is waited for.
task<result<seen_set>> look_again(half_ptr of) {
  const pool_view_ptr pool = of->pool;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(pool->args->wait_seconds);
  std::vector<std::string> archs(1, of->arch);
  auto bringing = bring_up(pool, std::move(archs), until);
  const int up = co_await std::move(bringing);
  if (up != pool_ok) co_return failure(errc::lost, "there is no pod for another try", origin::peer);
  auto looking = pool->look(of->arch);
  co_return co_await std::move(looking);
}

task<result<void>> build_half(half_ptr of) {
  std::string failed;
  bool pushed_again = false;
  for (unsigned left = of->pool->args->retries;; --left) {
    auto looking = failed.empty() ? of->pool->look(of->arch) : look_again(of);
    result<seen_set> seen = co_await std::move(looking);
    if (seen.has_error()) co_return seen.error().in(of->arch);
    prefer_others(seen->pods, failed);
    auto choosing = choose(of->pool, seen->pods);
    const std::optional<pool_pod> pod = co_await std::move(choosing);
    if (!pod)
      co_return failure(errc::not_found, fmt::format("{}{} has no pod that is ready: {}", of->pool->args->prefix, of->arch, obstacles(seen->pods)), origin::peer);
    say(*of, "building on " + pod->name);
    build_tale tale;
    of->gone.clear();
    auto building = build_on(of, seen->set, *pod, tale);
    const result<std::optional<int>> code = co_await std::move(building);
    if (code.has_error()) co_return code.error().in(of->arch);
    if (*code == 0) {
      of->digest = tale.exporter_response["containerimage.digest"];
      if (of->digest.empty()) co_return failure(errc::protocol, fmt::format("{}: the daemon did not tell the digest of the image", of->arch), origin::peer);
      co_return result<void>();
    }
    // The connection breaks before the node has told the API why, and until then the pod looks ready for another try.
    for (int look = 0; look < most_looks && of->gone.empty() && may_be_the_pod(tale); ++look) {
      if (look > 0 && co_await sleep_for(look_pause) == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
      auto asking = ask_fate(of, *pod);
      of->gone = co_await std::move(asking);
    }
    if (of->gone.empty() && !pushed_again && tale.why && push_met_the_other(tale.why->text)) {
      say(*of, "the registry did not know a layer that both architectures have; pushing again");
      pushed_again = true;
      ++left;
      continue;
    }
    if (of->gone.empty() && !may_be_the_pod(tale)) co_return failure(errc::remote, of->arch + ": the build failed", origin::peer);
    const std::string what = fmt::format("{}: {}", pod->name, of->gone.empty() ? "the connection broke" : of->gone);
    if (left == 0) co_return failure(errc::lost, fmt::format("{}: {}. --retry tries it on another pod", of->arch, what), origin::peer);
    say(*of, what + "; trying again");
    failed = pod->name;
  }
}

task<result<void>> build_all(std::vector<half_ptr> halves) {
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) -> task<result<void>> {
    for (const half_ptr& one : halves) group.spawn(build_half(one));
    co_return result<void>();
  };
  auto building = task_group::run(all);
  co_return co_await std::move(building);
}

task<result<std::string>> merge(pool_view_ptr pool, std::vector<half_ptr> halves, std::string name) {
  registry::merge_request wanted;
  result<oci::image_reference> target = oci::parse_image_reference(name);
  if (target.has_error()) co_return target.error();
  for (const half_ptr& one : halves) {
    result<oci::image_reference> source = oci::parse_image_reference(target->name() + "@" + one->digest);
    if (source.has_error()) co_return source.error();
    wanted.sources.push_back(std::move(*source));
  }
  wanted.targets.push_back(std::move(*target));
  registry::client registries(registry_options(pool->with, pool->args->insecure));
  auto merging = registry::merge_images(registries, std::move(wanted), [pool](std::string line) { pool->with.say(line); });
  const result<registry::merge_outcome> made = co_await std::move(merging);
  if (made.has_error()) co_return made.error();
  co_return made->digest;
}

task<int> build_and_merge(pool_view_ptr pool, std::shared_ptr<const build_args> wanted, std::string name) {
  std::vector<half_ptr> halves;
  for (const std::string& arch : architectures(*pool->args)) halves.push_back(std::make_shared<half>(half{pool, wanted, arch, {}, {}}));
  auto building = build_all(halves);
  const result<void> built = co_await std::move(building);
  if (built.has_error()) co_return told(built.error(), pool->with);
  auto merging = merge(pool, halves, name);
  const result<std::string> digest = co_await std::move(merging);
  if (digest.has_error()) {
    pool->with.say("error: " + digest.error().text);
    co_return pool_not_done;
  }
  pool->with.say(fmt::format("{} is {}", name, *digest));
  pool->with.answer(*digest);
  co_return pool_ok;
}

}  // namespace

task<int> run_build(pool_args_cptr args, std::shared_ptr<const build_args> wanted, const surroundings& with) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(args->wait_seconds);
  auto reading = configured(args, with);
  const result<pool_args_cptr> whole = co_await std::move(reading);
  if (whole.has_error()) co_return told(whole.error(), with);
  args = *whole;
  if (args->key.empty()) {
    // What goes into one repository is mostly built from one context.
    auto keyed = std::make_shared<pool_args>(*args);
    keyed->key = keyed->repository;
    args = std::move(keyed);
  }
  const result<std::string> name = index_name(*wanted, *args);
  if (name.has_error()) co_return told(name.error(), with);
  const result<oci::image_reference> target = oci::parse_image_reference(*name);
  if (target.has_error()) co_return told(target.error().in("--repo, --tag"), with);
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  const std::vector<std::string> archs = architectures(*args);
  auto bringing = bring_up(*pool, archs, until);
  const int up = co_await std::move(bringing);
  if (up != pool_ok) co_return up;
  auto beating = while_beating(*pool, archs, build_and_merge(*pool, wanted, *name));
  co_return co_await std::move(beating);
}

}  // namespace peelbox::cli::pool
