#include "cli/time_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace peelbox::cli {

progress::wall_time time_now() { return std::chrono::time_point_cast<progress::duration>(std::chrono::system_clock::now()); }

std::string time_ago(progress::duration since) {
  const auto seconds = std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count(), 0);
  const auto words = [](std::int64_t n, std::string_view unit) { return fmt::format("{} {}{} ago", n, unit, n == 1 ? "" : "s"); };
  if (seconds < 60) return words(seconds, "second");
  if (seconds < 3600) return words(seconds / 60, "minute");
  if (seconds < 48 * 3600) return words(seconds / 3600, "hour");
  return words(seconds / 86400, "day");
}

std::string utc_time(progress::wall_time t) {
  const auto rounded = std::chrono::time_point_cast<std::chrono::system_clock::duration>(t);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(rounded)));
}

}  // namespace peelbox::cli
