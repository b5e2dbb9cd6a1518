#include "engine/async/closest.hpp"

#include <algorithm>
#include <array>

#include "engine/async/ascii.hpp"

namespace peelbox {

namespace {

constexpr std::size_t longest = 64;

bool begins_with(std::string_view text, std::string_view front) {
  return text.size() >= front.size() &&
         std::equal(front.begin(), front.end(), text.begin(), [](char a, char b) { return to_lower(a) == to_lower(b); });
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  if (a.size() > longest || b.size() > longest) return most;
  // Rows of the table of distances between prefixes: the current one and the two before it.
  std::array<std::array<std::size_t, longest + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& before = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = to_lower(a[i - 1]) == to_lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && to_lower(a[i - 1]) == to_lower(b[j - 2]) && to_lower(a[i - 2]) == to_lower(b[j - 1]))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return std::min(rows[a.size() % 3][b.size()], most);
}

std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates) {
  if (word.empty()) return std::nullopt;
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    std::size_t distance = edit_distance(word, candidate, longest);
    if (word.size() >= 2 && begins_with(candidate, word)) distance = std::min<std::size_t>(distance, 1);
    // In a word of one or two letters every change is too much.
    if (distance >= std::max<std::size_t>(word.size(), 2) || distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const std::optional<std::string> near = closest(word, candidates);
  return near ? "; did you mean " + *near + "?" : std::string();
}

}  // namespace peelbox
