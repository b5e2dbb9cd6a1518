#include "engine/kubernetes/pool_choice.hpp"

#include <algorithm>
#include <cmath>

namespace peelbox::kubernetes {
namespace {

constexpr std::int64_t least_load = 50'000'000;
/// How much more than its share a pod may have.
constexpr double fair = 1.25;

std::vector<const pool_pod*> usable(const std::vector<pool_pod>& pods) {
  std::vector<const pool_pod*> some;
  for (const pool_pod& pod : pods)
    if (pod.usable) some.push_back(&pod);
  return some;
}

/// FNV-1a with a finish (splitmix64), because FNV's high bits hardly differ between names that end alike. Part of what users see: a
/// change moves every key.
std::uint64_t weight(std::string_view key, std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL;
  const auto add = [&](unsigned char c) { hash = (hash ^ c) * 1099511628211ULL; };
  for (const char c : key) add(static_cast<unsigned char>(c));
  add(0);
  for (const char c : name) add(static_cast<unsigned char>(c));
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

std::vector<const pool_pod*> by_weight(const std::vector<pool_pod>& pods, std::string_view key) {
  std::vector<const pool_pod*> some = usable(pods);
  std::sort(some.begin(), some.end(), [&](const pool_pod* a, const pool_pod* b) {
    const std::uint64_t left = weight(key, a->name), right = weight(key, b->name);
    return left != right ? left > right : a->name < b->name;
  });
  return some;
}

std::int64_t load_of(const pool_pod& pod) { return std::max(pod.cpu.value_or(0), least_load); }

}  // namespace

const pool_pod* choose_least_cpu(const std::vector<pool_pod>& pods, const dice& roll) {
  std::vector<const pool_pod*> best;
  for (const pool_pod* pod : usable(pods)) {
    if (!best.empty() && best.front()->cpu != pod->cpu) {
      const bool better = pod->cpu && (!best.front()->cpu || *pod->cpu < *best.front()->cpu);
      if (!better) continue;
      best.clear();
    }
    best.push_back(pod);
  }
  return best.empty() ? nullptr : best[roll(best.size())];
}

std::vector<pool_pod> shortlist(const std::vector<pool_pod>& pods, std::size_t most, const dice& roll) {
  std::vector<pool_pod> left = pods;
  std::vector<pool_pod> chosen;
  while (chosen.size() < most) {
    const pool_pod* const best = choose_least_cpu(left, roll);
    if (best == nullptr) break;
    chosen.push_back(*best);
    left.erase(left.begin() + (best - left.data()));
  }
  return chosen;
}

const pool_pod* choose_least_busy(const std::vector<pool_pod>& shortlisted) {
  const pool_pod* best = nullptr;
  for (const pool_pod& pod : shortlisted)
    if (best == nullptr || (pod.builds && (!best->builds || *pod.builds < *best->builds))) best = &pod;
  return best;
}

const pool_pod* choose_random(const std::vector<pool_pod>& pods, const dice& roll) {
  const std::vector<const pool_pod*> some = usable(pods);
  return some.empty() ? nullptr : some[roll(some.size())];
}

std::vector<pool_pod> sticky_order(const std::vector<pool_pod>& pods, std::string_view key, std::size_t most) {
  std::vector<pool_pod> chosen;
  for (const pool_pod* pod : by_weight(pods, key))
    if (chosen.size() < most) chosen.push_back(*pod);
  return chosen;
}

const pool_pod* choose_sticky(const std::vector<pool_pod>& pods, std::string_view key) {
  const std::vector<const pool_pod*> some = by_weight(pods, key);
  if (some.empty()) return nullptr;
  double cpu = 0, builds = 0, asked = 0;
  for (const pool_pod* pod : some) {
    cpu += static_cast<double>(load_of(*pod));
    if (!pod->builds) continue;
    builds += static_cast<double>(*pod->builds);
    ++asked;
  }
  const double most_cpu = fair * cpu / static_cast<double>(some.size());
  const double most_builds = std::ceil(fair * (builds + 1) / std::max(asked, 1.0));
  const auto takes_one_more = [&](const pool_pod& pod) {
    return asked == 0 || (pod.builds && static_cast<double>(*pod.builds) < most_builds);
  };
  for (const pool_pod* pod : some)
    if (takes_one_more(*pod) && (pod->builds == 0U || static_cast<double>(load_of(*pod)) <= most_cpu)) return pod;
  for (const pool_pod* pod : some)
    if (takes_one_more(*pod)) return pod;
  return some.front();
}

}  // namespace peelbox::kubernetes
