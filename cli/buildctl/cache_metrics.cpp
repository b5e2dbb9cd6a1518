#include "cli/buildctl/cache_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/progress/sanitize.hpp"

namespace peelbox::cli::buildctl {

namespace {

constexpr std::size_t most_vertices = 200'000;

/// "[stage 1/2] FROM …"
bool is_base_image(std::string_view name) { return name.starts_with('[') && name.find("] FROM") != name.npos; }

bool is_of_user(std::string_view name) {
  constexpr std::array<std::string_view, 4> others{"[internal]", "[auth]", "importing cache", "exporting "};
  return std::none_of(others.begin(), others.end(), [name](std::string_view one) { return name.starts_with(one); });
}

}  // namespace

void cache_metrics::update(const progress::batch& events, const progress::trace&, progress::wall_time) {
  for (const progress::vertex& v : events.vertices) {
    auto known = by_digest_.find(v.digest);
    if (known == by_digest_.end()) {
      if (all_.size() == most_vertices) continue;
      known = by_digest_.emplace(v.digest, all_.size()).first;
      all_.push_back({v.name});
    }
    seen& one = all_[known->second];
    one.from = one.from || is_base_image(v.name);
    one.cached = one.cached || v.cached;
    one.completed = one.completed || v.completed.has_value();
  }
}

std::string cache_metrics::text(std::chrono::milliseconds took) const {
  std::size_t completed = 0, user = 0, cached = 0, user_completed = 0, from = 0, miss = 0;
  std::string lines;
  for (const seen& one : all_) {
    completed += one.completed;
    if (!is_of_user(one.name)) continue;
    ++user;
    cached += one.cached;
    user_completed += one.completed;
    from += one.from;
    if (one.cached || one.from) continue;
    ++miss;
    lines += "cache miss: " + progress::sanitize_line(one.name) + '\n';
  }
  return lines + fmt::format(R"({{"total":{},"completed":{},"user_total":{},"user_cached":{},"user_completed":{},"user_cacheable":{},)"
                             R"("from":{},"miss":{},"client_duration_ms":{}}})" "\n",
                             all_.size(), completed, user, cached, user_completed, user - from, from, miss, took.count());
}

}  // namespace peelbox::cli::buildctl
