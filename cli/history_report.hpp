// Builds that a daemon remembers, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "engine/client/history.hpp"

namespace peelbox::cli {

/// One line per build under a line of headings. Text is made harmless.
std::vector<std::string> history_table(const std::vector<client::history_record>& records, progress::wall_time now);
/// Everything that is known of one build.
std::vector<std::string> history_details(const client::history_record& record, progress::wall_time now);
/// One object; times as RFC 3339 in UTC, durations in seconds.
std::string history_json(const client::history_record& record);

}  // namespace peelbox::cli
