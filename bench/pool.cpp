// A day of builds on a pool of daemons, by simulation: what the policies of `peelbox pool --policy` do to waiting, balance and caches. The choices
// are those of engine/kubernetes/pool_choice itself; the pods, their load and the builds are made up here.
//     pool [HOURS [PODS…]]      default: 24 hours, 10 50 100 500 pods
//
// The model. A pod does two builds at full speed; more share it. A build is 60 s of work where its context was built before and is among the
// pod's last 40 contexts, else 300 s (both exponential). Contexts have Zipf popularity (exponent 1.1, ten for each pod). Builds come as a
// Poisson process that keeps the pool 30 % busy if half of them find their cache, and in six bursts of a build for every second pod within ten
// seconds. CPU is what a metrics server shows: that of a look every 30 s. Daemons are asked at the time of the choice.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "engine/kubernetes/pool_choice.hpp"

namespace {

using peelbox::kubernetes::dice;
using peelbox::kubernetes::pool_pod;

constexpr double at_full_speed = 2;
constexpr double warm_work = 60, cold_work = 300;
constexpr std::size_t contexts_kept = 40;
constexpr double busy = 0.3;
constexpr double measured_every = 30;
constexpr double processors_of_a_build = 2;

struct arrival {
  double time;
  std::size_t context;
  double size;  ///< exponential with mean 1
};

std::vector<arrival> day(std::size_t pods, double hours, std::mt19937& random) {
  std::vector<double> weights(pods * 10);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 1 / std::pow(static_cast<double>(i + 1), 1.1);
  std::discrete_distribution<std::size_t> context(weights.begin(), weights.end());
  std::exponential_distribution<double> size(1);
  const double rate = busy * at_full_speed * static_cast<double>(pods) / ((warm_work + cold_work) / 2);
  std::exponential_distribution<double> gap(rate);
  const double end = hours * 3600;
  std::vector<arrival> all;
  for (double t = gap(random); t < end; t += gap(random)) all.push_back({t, context(random), size(random)});
  std::uniform_real_distribution<double> moment(0, end), within(0, 10);
  for (int burst = 0; burst < 6; ++burst) {
    const double begin = moment(random);
    for (std::size_t i = 0; i < pods / 2; ++i) all.push_back({begin + within(random), context(random), size(random)});
  }
  std::sort(all.begin(), all.end(), [](const arrival& a, const arrival& b) { return a.time < b.time; });
  return all;
}

/// A pod as it is; `pool_pod` is what clients see of it.
struct machine {
  struct job {
    double left, began, alone;
  };
  std::vector<job> jobs;
  std::deque<std::size_t> contexts;  ///< the latest first
  double time = 0;
  std::uint64_t change = 0;

  double speed() const { return jobs.empty() ? 0 : std::min(1.0, at_full_speed / static_cast<double>(jobs.size())); }
  void advance(double to) {
    for (job& one : jobs) one.left -= (to - time) * speed();
    time = to;
  }
  double next_end() const {
    double least = HUGE_VAL;
    for (const job& one : jobs) least = std::min(least, one.left);
    return time + least / speed();
  }
  bool remember(std::size_t context) {
    const auto found = std::find(contexts.begin(), contexts.end(), context);
    const bool known = found != contexts.end();
    if (known) contexts.erase(found);
    contexts.push_front(context);
    if (contexts.size() > contexts_kept) contexts.pop_back();
    return known;
  }
};

struct pool {
  std::vector<machine> machines;
  std::vector<pool_pod> seen;

  explicit pool(std::size_t size) : machines(size), seen(size) {
    for (std::size_t i = 0; i < size; ++i) {
      seen[i].name = "buildkit-amd64-" + std::to_string(i);
      seen[i].usable = true;
      seen[i].cpu = 0;
    }
  }
  std::size_t builds(const pool_pod& pod) const { return machines[index(pod)].jobs.size(); }
  static std::size_t index(const pool_pod& pod) { return std::stoul(pod.name.substr(15)); }
  void measure() {
    for (std::size_t i = 0; i < seen.size(); ++i)
      seen[i].cpu = static_cast<std::int64_t>(std::min(at_full_speed, static_cast<double>(machines[i].jobs.size())) * processors_of_a_build * 1e9);
  }
  /// What the daemons of `some` say.
  void ask(std::vector<pool_pod>& some) const {
    for (pool_pod& pod : some) pod.builds = builds(pod);
  }
};

using policy = std::function<std::size_t(pool& on, const std::string& key, const dice& roll)>;

/// Consistent hashing on a ring of the pods' names without a bound, as clients use that have no look at the load.
std::size_t choose_on_ring(const pool& on, const std::string& key) {
  static std::map<std::size_t, std::map<std::size_t, std::size_t>> rings;
  std::map<std::size_t, std::size_t>& ring = rings[on.seen.size()];
  const std::hash<std::string> hash;
  if (ring.empty())
    for (std::size_t i = 0; i < on.seen.size(); ++i)
      for (int point = 0; point < 40; ++point) ring[hash(on.seen[i].name + "#" + std::to_string(point))] = i;
  const auto next = ring.lower_bound(hash(key));
  return next == ring.end() ? ring.begin()->second : next->second;
}

std::vector<std::pair<const char*, policy>> policies() {
  using namespace peelbox::kubernetes;
  return {
      {"random", [](pool& on, const std::string&, const dice& roll) { return pool::index(*choose_random(on.seen, roll)); }},
      {"ring, no bound", [](pool& on, const std::string& key, const dice&) { return choose_on_ring(on, key); }},
      {"least-cpu", [](pool& on, const std::string&, const dice& roll) { return pool::index(*choose_least_cpu(on.seen, roll)); }},
      {"least-busy",
       [](pool& on, const std::string&, const dice& roll) {
         std::vector<pool_pod> best = shortlist(on.seen, 2, roll);
         on.ask(best);
         return pool::index(*choose_least_busy(best));
       }},
      {"sticky",
       [](pool& on, const std::string& key, const dice& roll) {
         sticky_question best = ask_for_sticky(on.seen, key, roll);
         on.ask(best.pods);
         return pool::index(*choose_sticky(best));
       }},
  };
}

struct outcome {
  double mean_wait = 0, late_wait = 0;  ///< s that a build takes longer than it would alone; of all, and of the slowest in a hundred
  double mean_time = 0;
  double imbalance = 0;                 ///< the most builds on a pod, to the mean over the pods; mean over the times of arrivals
  double hits = 0;
};

outcome simulate(const std::vector<arrival>& all, std::size_t pods, const policy& choose, std::uint32_t seed) {
  std::mt19937 random(seed);
  const dice roll = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
  pool on(pods);
  struct due {
    double time;
    std::size_t pod;
    std::uint64_t change;
    bool operator<(const due& other) const { return time > other.time; }
  };
  std::priority_queue<due> ends;
  std::vector<double> waits;
  outcome made;
  double measured = 0, running = 0, balance_seen = 0;
  std::size_t hits = 0;
  const auto plan = [&](std::size_t which) {
    machine& here = on.machines[which];
    ++here.change;
    if (!here.jobs.empty()) ends.push({here.next_end(), which, here.change});
  };
  const auto finish_until = [&](double time) {
    while (!ends.empty() && ends.top().time <= time) {
      const due next = ends.top();
      ends.pop();
      machine& here = on.machines[next.pod];
      if (next.change != here.change) continue;
      here.advance(next.time);
      std::erase_if(here.jobs, [&](const machine::job& one) {
        if (one.left > 1e-6) return false;
        waits.push_back(std::max(0.0, next.time - one.began - one.alone));
        made.mean_time += next.time - one.began;
        --running;
        return true;
      });
      plan(next.pod);
    }
  };
  for (const arrival& one : all) {
    while (measured + measured_every <= one.time) {
      measured += measured_every;
      finish_until(measured);
      on.measure();
    }
    finish_until(one.time);
    const std::size_t which = choose(on, "context-" + std::to_string(one.context), roll);
    machine& here = on.machines[which];
    here.advance(one.time);
    const bool hit = here.remember(one.context);
    hits += hit;
    const double work = one.size * (hit ? warm_work : cold_work);
    here.jobs.push_back({work, one.time, work});
    ++running;
    plan(which);
    std::size_t most = 0;
    for (const machine& each : on.machines) most = std::max(most, each.jobs.size());
    made.imbalance += static_cast<double>(most) / std::max(1.0, running / static_cast<double>(pods));
    ++balance_seen;
  }
  finish_until(HUGE_VAL);
  std::sort(waits.begin(), waits.end());
  for (const double wait : waits) made.mean_wait += wait;
  const double count = static_cast<double>(waits.size());
  made.mean_wait /= count;
  made.mean_time /= count;
  made.late_wait = waits[static_cast<std::size_t>(0.99 * (count - 1))];
  made.imbalance /= balance_seen;
  made.hits = static_cast<double>(hits) / count;
  return made;
}

/// The fewest pods on which the builds of `all` wait at most 10 s in the mean.
std::size_t pods_needed(const std::vector<arrival>& all, std::size_t usual, const policy& choose, std::uint32_t seed) {
  std::size_t low = 1, high = usual * 3;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (simulate(all, middle, choose, seed).mean_wait <= 10) high = middle;
    else low = middle + 1;
  }
  return low;
}

/// As many builds at once as there are pods, none of which has ended: the most on one pod.
std::size_t crowd(std::size_t pods, const policy& choose, const dice& roll) {
  pool on(pods);
  std::size_t most = 0;
  for (std::size_t i = 0; i < pods; ++i) {
    machine& here = on.machines[choose(on, "context-" + std::to_string(i), roll)];
    here.jobs.push_back({1, 0, 1});
    most = std::max(most, here.jobs.size());
  }
  return most;
}

}  // namespace

int main(int count, char** words) {
  const double hours = count > 1 ? std::atof(words[1]) : 24;
  std::vector<std::size_t> sizes;
  for (int i = 2; i < count; ++i) sizes.push_back(std::strtoul(words[i], nullptr, 10));
  if (sizes.empty()) sizes = {10, 50, 100, 500};
  if (hours <= 0 || std::find(sizes.begin(), sizes.end(), 0U) != sizes.end()) {
    std::fprintf(stderr, "usage: pool [HOURS [PODS...]]\n");
    return 2;
  }
  constexpr std::uint32_t seed = 20;
  for (const std::size_t pods : sizes) {
    std::mt19937 random(seed);
    const std::vector<arrival> all = day(pods, hours, random);
    std::printf("\n%zu pods, %zu builds in %.0f h\n\n", pods, all.size(), hours);
    std::printf("| policy | mean time | mean wait | wait, slowest 1 %% | most on a pod / mean | cache hits | pods needed | n builds at once |\n"
                "|---|---|---|---|---|---|---|---|\n");
    for (const auto& [name, choose] : policies()) {
      const outcome made = simulate(all, pods, choose, seed);
      const dice roll = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
      const std::size_t most = crowd(pods, choose, roll);
      const std::size_t needed = pods <= 100 ? pods_needed(all, pods, choose, seed) : 0;
      std::printf("| %s | %.0f s | %.1f s | %.0f s | %.1f | %.0f %% | %s | %zu |\n", name, made.mean_time, made.mean_wait, made.late_wait, made.imbalance,
                  100 * made.hits, needed == 0 ? "-" : std::to_string(needed).c_str(), most);
      std::fflush(stdout);
    }
    const double n = static_cast<double>(pods);
    if (pods > 15)
      std::printf("\nPublished for n at once: about %.1f by chance (ln n / ln ln n), %.1f with the better of two (ln ln n / ln 2), both + O(1).\n",
                  std::log(n) / std::log(std::log(n)), std::log(std::log(n)) / std::log(2));
  }
  return 0;
}
