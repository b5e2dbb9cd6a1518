#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "cli/pool/bring_up.hpp"
#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/view.hpp"
#include "cli/pool/wait.hpp"

namespace peelbox::cli::pool {

namespace json = boost::json;
using kubernetes::pool_pod;
using kubernetes::pool_set;
using std::chrono::steady_clock;

namespace {

constexpr unsigned most_attempts = 5;

/// One set to no pods, unless something speaks against it.
task<result<std::string>> suspend(pool_view_ptr pool, std::string arch) {
  const pool_args& args = *pool->args;
  for (unsigned left = most_attempts;; --left) {
    auto asking = pool->set(arch);
    result<pool_set> set = co_await std::move(asking);
    if (set.has_error()) co_return set.error();
    result<std::string> stays = reason_to_stay(*set, args, unix_now());
    if (stays.has_error()) co_return stays.error().in(set->name);
    if (!stays->empty()) co_return set->name + ": " + *stays;
    auto listing = pool->pods(*set, false);
    result<std::vector<pool_pod>> pods = co_await std::move(listing);
    if (pods.has_error()) co_return pods.error();
    const std::vector<std::string> running = running_pods(*pods);
    auto counting = pool->running_builds(running);
    const std::vector<result<std::size_t>> builds = co_await std::move(counting);
    const result<std::string> busy = running_build(running, builds);
    if (busy.has_error()) co_return busy.error().in(set->name);
    if (!busy->empty()) co_return fmt::format("{}: stays, {}", set->name, *busy);
    if (set->deletes_claims) pool->with.say(fmt::format("warning: {} deletes its claims, and with them its caches, when it is scaled down", set->name));
    // Whoever begins a build meanwhile notes it, which changes the set: then this is refused, and everything is looked at again.
    json::object to_zero{{"spec", json::object{{"replicas", 0}}}};
    auto changing = pool->change(arch, json::value(std::move(to_zero)), set->resource_version);
    result<pool_set> done = co_await std::move(changing);
    if (done.has_value()) co_return fmt::format("{}: {}", set->name, args.dry_run ? "would be scaled to 0" : "scaled to 0");
    if (done.error().code != errc::lost || left <= 1) co_return done.error();
  }
}

}  // namespace

task<int> run_record(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  json::object what{{"metadata", (*pool)->activity()}};
  auto changing = (*pool)->change(args->arch, json::value(std::move(what)), "");
  result<pool_set> done = co_await std::move(changing);
  if (done.has_error()) co_return told(done.error(), with);
  with.say(fmt::format("{}{}: {} the build", args->prefix, args->arch, args->dry_run ? "would record" : "recorded"));
  co_return pool_ok;
}

task<int> bring_up(pool_view_ptr pool, std::vector<std::string> archs, std::optional<steady_clock::time_point> until) {
  const surroundings& with = pool->with;
  for (const std::string& arch : archs) {
    for (unsigned left = most_attempts;; --left) {
      auto asking = pool->set(arch);
      result<pool_set> set = co_await std::move(asking);
      if (set.has_error()) co_return told(set.error(), with);
      const bool asleep = set->replicas == 0;
      json::object what{{"metadata", pool->activity()}};
      if (asleep) what["spec"] = json::object{{"replicas", 1}};
      // Never lowers what an autoscaler has just raised.
      auto changing = pool->change(arch, json::value(std::move(what)), asleep ? set->resource_version : "");
      result<pool_set> done = co_await std::move(changing);
      if (done.has_error() && done.error().code == errc::lost && left > 1) continue;
      // Somebody has scaled it down since it was looked at.
      if (done.has_value() && done->replicas == 0 && !pool->args->dry_run && left > 1) continue;
      if (done.has_error()) co_return told(done.error(), with);
      with.say(!asleep ? fmt::format("{}: has {} replicas already", set->name, set->replicas)
                       : fmt::format("{}: {}", set->name, pool->args->dry_run ? "would be scaled to 1" : "scaled to 1"));
      break;
    }
  }
  if (!until || pool->args->dry_run) co_return pool_ok;
  auto waiting = wait_for_pods(pool, std::move(archs), *until);
  co_return co_await std::move(waiting);
}

task<int> run_up(pool_args_cptr args, const surroundings& with) {
  std::optional<steady_clock::time_point> until;
  if (args->wait) until = steady_clock::now() + std::chrono::seconds(args->wait_seconds);
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  std::vector<std::string> archs = architectures(*args);
  auto bringing = bring_up(*pool, std::move(archs), until);
  co_return co_await std::move(bringing);
}

task<int> run_down(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  int code = pool_ok;
  // The trouble of one set is no reason to pay for the other.
  for (const std::string& arch : architectures(*args)) {
    auto stopping = suspend(*pool, arch);
    result<std::string> done = co_await std::move(stopping);
    if (done.has_value()) with.say(*done);
    else code = std::max(code, told(done.error(), with));
  }
  co_return code;
}

}  // namespace peelbox::cli::pool
