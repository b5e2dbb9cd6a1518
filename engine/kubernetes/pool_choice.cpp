#include "engine/kubernetes/pool_choice.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace peelbox::kubernetes {
namespace {

constexpr std::int64_t least_load = 50'000'000;
/// How much more than its share a pod may have.
constexpr double fair = 1.25;
constexpr std::size_t most_asked = 8;

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
  std::vector<std::pair<std::uint64_t, const pool_pod*>> weighed;
  for (const pool_pod* pod : usable(pods)) weighed.emplace_back(weight(key, pod->name), pod);
  std::sort(weighed.begin(), weighed.end(), [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second->name < b.second->name; });
  std::vector<const pool_pod*> some;
  for (const auto& [heavy, pod] : weighed) some.push_back(pod);
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

sticky_question ask_for_sticky(const std::vector<pool_pod>& pods, std::string_view key, const dice& roll) {
  std::vector<const pool_pod*> order = by_weight(pods, key);
  sticky_question made;
  made.first = order.size() <= most_asked ? order.size() : most_asked / 2;
  for (std::size_t i = 0; i < std::min(order.size(), most_asked); ++i) {
    if (i >= made.first) std::swap(order[i], order[i + roll(order.size() - i)]);
    made.pods.push_back(*order[i]);
  }
  return made;
}

const pool_pod* choose_sticky(const sticky_question& asked) {
  const std::vector<pool_pod>& pods = asked.pods;
  if (pods.empty()) return nullptr;
  const auto measured = pods.begin() + static_cast<std::ptrdiff_t>(asked.first < pods.size() ? asked.first : 0);
  double cpu = 0, builds = 0, known = 0;
  for (auto pod = measured; pod != pods.end(); ++pod) {
    cpu += static_cast<double>(load_of(*pod));
    builds += static_cast<double>(pod->builds.value_or(0));
    known += pod->builds ? 1 : 0;
  }
  const bool any_known = std::any_of(pods.begin(), pods.end(), [](const pool_pod& pod) { return pod.builds.has_value(); });
  const double most_cpu = fair * cpu / static_cast<double>(pods.end() - measured);
  const double most_builds = std::ceil(fair * (builds + 1) / std::max(known, 1.0));
  for (std::size_t i = 0; i < asked.first; ++i) {
    const pool_pod& pod = pods[i];
    if (any_known && (!pod.builds || static_cast<double>(*pod.builds) >= most_builds)) continue;
    if (pod.builds == 0U || static_cast<double>(load_of(pod)) <= most_cpu) return &pod;
  }
  const pool_pod* best = nullptr;
  for (auto pod = measured; pod != pods.end(); ++pod)
    if (best == nullptr || (pod->builds && (!best->builds || *pod->builds < *best->builds))) best = &*pod;
  return best;
}

}  // namespace peelbox::kubernetes
