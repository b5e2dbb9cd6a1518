#include "cli/pool/choose.hpp"

#include <fmt/format.h>

#include <random>
#include <string>

#include "engine/kubernetes/pool_choice.hpp"

namespace peelbox::cli::pool {

using kubernetes::pool_pod;

namespace {

/// Asks the daemons of `some`; what they say is put into `pods` too.
task<result<void>> ask(pool_view_ptr pool, std::vector<pool_pod>& some, std::vector<pool_pod>& pods) {
  // One alone is chosen whatever it does.
  if (some.size() < 2) co_return result<void>();
  std::vector<std::string> names;
  for (const pool_pod& pod : some) names.push_back(pod.name);
  auto counting = pool->running_builds(std::move(names));
  const std::vector<result<std::size_t>> builds = co_await std::move(counting);
  for (std::size_t i = 0; i < some.size(); ++i) {
    if (builds[i].has_error()) pool->with.say(fmt::format("the builds of {} are not known: {}", some[i].name, builds[i].error().text));
    else some[i].builds = *builds[i];
    for (pool_pod& pod : pods)
      if (pod.name == some[i].name) pod.builds = some[i].builds;
  }
  co_return result<void>();
}

}  // namespace

task<std::optional<pool_pod>> choose(pool_view_ptr pool, std::vector<pool_pod>& pods) {
  const pool_args& args = *pool->args;
  std::mt19937 random{std::random_device{}()};
  const kubernetes::dice roll = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
  const pool_pod* chosen = nullptr;
  kubernetes::sticky_question best;
  if (args.policy == "random") chosen = kubernetes::choose_random(pods, roll);
  else if (args.policy == "least-cpu") chosen = kubernetes::choose_least_cpu(pods, roll);
  else {
    const bool sticky = args.policy == "sticky";
    if (sticky) best = kubernetes::ask_for_sticky(pods, args.key, roll);
    else best.pods = kubernetes::shortlist(pods, 2, roll);
    auto asking = ask(pool, best.pods, pods);
    co_await std::move(asking);
    chosen = sticky ? kubernetes::choose_sticky(best) : kubernetes::choose_least_busy(best.pods);
  }
  if (chosen == nullptr) co_return std::nullopt;
  co_return *chosen;
}

}  // namespace peelbox::cli::pool
