#include <fmt/format.h>

#include <algorithm>

#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/view.hpp"
#include "cli/summary.hpp"
#include "engine/async/timeout.hpp"
#include "engine/client/cache.hpp"

namespace peelbox::cli::pool {

using kubernetes::object_path;
using kubernetes::pool_claim;
using kubernetes::pool_pod;
using kubernetes::pool_set;

namespace {

/// A daemon with a large cache on a slow disk takes minutes; one that is stuck must not hold the others for ever.
constexpr std::chrono::minutes prune_patience{30};

task<result<void>> prune_pod(std::shared_ptr<h2grpc::connection> control, std::uint64_t& bytes) {
  client::prune_request everything;
  everything.all = true;
  std::function<void(const client::cache_record&)> gone = [&bytes](const client::cache_record& one) {
    bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(one.size, 0));
  };
  auto pruning = client::prune_cache(std::move(control), std::move(everything), gone);
  co_return co_await std::move(pruning);
}

task<result<std::uint64_t>> clear_daemon(pool_view_ptr pool, std::string pod) {
  result<std::shared_ptr<client::route>> way = pool->route_to(pod);
  if (way.has_error()) co_return way.error();
  std::uint64_t bytes = 0;
  std::function<task<result<void>>(std::shared_ptr<h2grpc::connection>)> use = [&bytes](std::shared_ptr<h2grpc::connection> control) {
    return prune_pod(std::move(control), bytes);
  };
  auto asking = client::with_daemon(*way, pool->with.log, use);
  auto limited = with_timeout(std::move(asking), prune_patience, fmt::format("it has not ended within {} minutes", prune_patience.count()));
  const result<void> done = co_await std::move(limited);
  if (done.has_error()) co_return done.error();
  co_return bytes;
}

task<int> clear_daemons(pool_view_ptr pool, pool_set set) {
  const pool_args& args = *pool->args;
  auto listing = pool->pods(set, false);
  const result<std::vector<pool_pod>> pods = co_await std::move(listing);
  if (pods.has_error()) co_return told(pods.error(), pool->with);
  const std::vector<std::string> running = running_pods(*pods);
  if (running.empty())
    pool->with.say(fmt::format("{}: no pod of it runs{}", set.name, args.delete_volumes ? "" : "; what it keeps is in its volumes (--delete-volumes)"));
  auto counting = pool->running_builds(running);
  const std::vector<result<std::size_t>> builds = co_await std::move(counting);
  int code = pool_ok;
  for (std::size_t i = 0; i < running.size(); ++i) {
    const std::string& pod = running[i];
    if (!args.force && builds[i].has_error()) {
      pool->with.say(fmt::format("error: {}: whether it is building is not known, so its cache stays: {}", pod, builds[i].error().text));
      code = pool_not_done;
      continue;
    }
    if (!args.force && *builds[i] > 0) {
      pool->with.say(fmt::format("{}: a build is running, so its cache stays; --force removes what no build uses", pod));
      continue;
    }
    if (args.dry_run) {
      pool->with.say(pod + ": would be cleared");
      continue;
    }
    auto clearing = clear_daemon(pool, pod);
    const result<std::uint64_t> done = co_await std::move(clearing);
    if (done.has_value()) pool->with.say(fmt::format("{}: cleared, {}", pod, human_bytes(*done)));
    else {
      pool->with.say(fmt::format("error: {}: {}", pod, done.error().text));
      code = pool_not_done;
    }
  }
  co_return code;
}

task<int> delete_claims(pool_view_ptr pool, pool_set set) {
  object_path all{kubernetes::claims(), pool->name_space(), "", ""};
  auto listing = pool->api.list(all);
  const result<boost::json::value> items = co_await std::move(listing);
  if (items.has_error()) co_return told(items.error(), pool->with);
  // A pod of anybody may have mounted one, to look into it.
  object_path everybody{kubernetes::pods(), pool->name_space(), "", ""};
  auto asking = pool->api.list(everybody);
  const result<boost::json::value> pods = co_await std::move(asking);
  if (pods.has_error()) co_return told(pods.error(), pool->with);
  const std::vector<std::string> in_use = kubernetes::claims_in_use(*pods);
  int code = pool_ok;
  for (const pool_claim& claim : kubernetes::read_claims(*items, set)) {
    const std::string stays = kubernetes::reason_to_keep(claim, set, in_use);
    if (!stays.empty()) {
      pool->with.say(fmt::format("volume {} ({}): stays, {}", claim.name, claim.size, stays));
      continue;
    }
    object_path which{kubernetes::claims(), pool->name_space(), claim.name, ""};
    auto deleting = pool->api.remove(which, {claim.uid, claim.resource_version, pool->args->dry_run});
    const result<void> done = co_await std::move(deleting);
    if (done.has_value()) pool->with.say(fmt::format("volume {} ({}): {}", claim.name, claim.size, pool->args->dry_run ? "would be deleted" : "deleted"));
    else code = std::max(code, told(done.error(), pool->with));
  }
  co_return code;
}

task<int> clear_set(pool_view_ptr pool, std::string arch) {
  auto asking = pool->set(arch);
  const result<pool_set> set = co_await std::move(asking);
  if (set.has_error()) co_return told(set.error(), pool->with);
  auto clearing = clear_daemons(pool, *set);
  const int cleared = co_await std::move(clearing);
  if (!pool->args->delete_volumes) co_return cleared;
  auto deleting = delete_claims(pool, *set);
  co_return std::max(cleared, co_await std::move(deleting));
}

}  // namespace

task<int> run_clear(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  int code = pool_ok;
  for (const std::string& arch : architectures(*args)) {
    auto clearing = clear_set(*pool, arch);
    code = std::max(code, co_await std::move(clearing));
  }
  co_return code;
}

}  // namespace peelbox::cli::pool
