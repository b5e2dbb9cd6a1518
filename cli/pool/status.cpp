#include <fmt/format.h>

#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/view.hpp"
#include "engine/data/json.hpp"

namespace peelbox::cli::pool {

namespace json = boost::json;
using kubernetes::pool_pod;
using kubernetes::pool_set;

task<int> run_status(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  json::array sets;
  for (const std::string& arch : architectures(*args)) {
    auto asking = (*pool)->set(arch);
    result<pool_set> set = co_await std::move(asking);
    if (set.has_error() && set.error().code == errc::not_found) {
      with.say(fmt::format("{}{}: there is no such StatefulSet in namespace {}", args->prefix, arch, (*pool)->name_space()));
      continue;
    }
    if (set.has_error()) co_return told(set.error(), with);
    auto listing = (*pool)->pods(*set, true);
    result<std::vector<pool_pod>> pods = co_await std::move(listing);
    if (pods.has_error()) co_return told(pods.error(), with);
    auto counting = (*pool)->running_builds(running_pods(*pods));
    const std::vector<result<std::size_t>> builds = co_await std::move(counting);
    std::size_t next = 0;
    for (pool_pod& pod : *pods) {
      if (!pod.running) continue;
      const result<std::size_t>& one = builds[next++];
      if (one.has_value()) pod.builds = *one;
      else with.say(fmt::format("the builds of {} are not known: {}", pod.name, one.error().text));
    }
    std::string last = "never";
    if (set->last_build) {
      const result<std::int64_t> time = kubernetes::read_last_build(*set->last_build, unix_now());
      last = time.has_value() ? fmt::format("{} s ago", unix_now() - *time) : "not readable";
    }
    if (!args->as_json) with.answer(fmt::format("{}  replicas {}  last build {}", set->name, set->replicas, last));
    json::array all;
    for (const pool_pod& pod : *pods) {
      all.push_back(as_json(pod));
      if (args->as_json) continue;
      with.answer(fmt::format("  {}  {}  builds {}  cpu {}", pod.name, pod.usable ? "ready" : pod.why_not,
                              pod.builds ? std::to_string(*pod.builds) : "-", pod.cpu ? fmt::format("{:.2f}", static_cast<double>(*pod.cpu) / 1e9) : "-"));
    }
    sets.push_back(json::object{{"name", set->name}, {"architecture", arch}, {"replicas", set->replicas},
                                {"last_build", set->last_build ? json::value(*set->last_build) : json::value()}, {"pods", std::move(all)}});
  }
  if (sets.empty()) co_return pool_nothing;
  if (args->as_json) with.answer(data::to_text(sets));
  co_return pool_ok;
}

}  // namespace peelbox::cli::pool
