#include "cli/pool/choose.hpp"

#include <fmt/format.h>

#include <random>
#include <string>

#include "engine/kubernetes/pool_choice.hpp"

namespace peelbox::cli::pool {

using kubernetes::pool_pod;

task<std::optional<pool_pod>> choose(pool_view_ptr pool, std::vector<pool_pod>& pods) {
  const pool_args& args = *pool->args;
  std::mt19937 random{std::random_device{}()};
  const kubernetes::dice roll = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
  const pool_pod* chosen = nullptr;
  std::vector<pool_pod> best;
  if (args.policy == "random") chosen = kubernetes::choose_random(pods, roll);
  else if (args.policy == "sticky") chosen = kubernetes::choose_sticky(pods, args.key);
  else if (args.policy == "least-cpu") chosen = kubernetes::choose_least_cpu(pods, roll);
  else {
    best = kubernetes::shortlist(pods, 2, roll);
    // One alone is chosen whatever it does.
    if (best.size() > 1) {
      std::vector<std::string> names{best[0].name, best[1].name};
      auto counting = pool->running_builds(std::move(names));
      const std::vector<result<std::size_t>> builds = co_await std::move(counting);
      for (std::size_t i = 0; i < best.size(); ++i) {
        if (builds[i].has_error()) pool->with.say(fmt::format("the builds of {} are not known: {}", best[i].name, builds[i].error().text));
        else best[i].builds = *builds[i];
        for (pool_pod& pod : pods)
          if (pod.name == best[i].name) pod.builds = best[i].builds;
      }
    }
    chosen = kubernetes::choose_least_busy(best);
  }
  if (chosen == nullptr) co_return std::nullopt;
  co_return *chosen;
}

}  // namespace peelbox::cli::pool
