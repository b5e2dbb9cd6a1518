// A daemon's cache as text and as JSON, and the flags of prune as values. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "engine/client/cache.hpp"

namespace peelbox::cli {

/// One line for each record under a line of headings, then the sums. Text is made harmless.
std::vector<std::string> cache_table(const std::vector<client::cache_record>& records, progress::wall_time now);
/// One object; times as RFC 3339 in UTC, sizes in bytes.
std::string cache_json(const client::cache_record& record);

/// One line of `prune` for what is gone.
std::string pruned_line(const client::cache_record& record);

/// "36h", "1h30m", "7d", "90s" as a duration; failure{usage} with `flag` for anything else.
result<std::chrono::nanoseconds> parse_duration(std::string_view flag, std::string_view text);

/// "10GB", "512mib", "1000000": bytes, with decimal and binary units; failure{usage} with `flag` for anything else.
result<std::int64_t> parse_space(std::string_view flag, std::string_view text);

}  // namespace peelbox::cli
