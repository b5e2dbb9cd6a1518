// What buildctl prints about a daemon (cmd/buildctl/{diskusage,prune}.go, debug/{info,workers,histories}.go).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/client/cache.hpp"
#include "engine/client/daemon.hpp"
#include "engine/client/history.hpp"

namespace peelbox::cli::buildctl {

/// "1.23kB", "5B": decimal units, two digits behind the point.
std::string size_text(std::int64_t bytes);

/// `du`: a line for each record, and unless only some were asked for, the sums. Text is made harmless.
std::string usage_text(const std::vector<client::cache_record>& records, bool with_sums);
/// `du --verbose`: all fields of each record.
std::string usage_details(const std::vector<client::cache_record>& records, bool with_sums);
/// `du --format json`: all records as one list.
std::string usage_json(const std::vector<client::cache_record>& records);

/// `prune`: the heading before the first record.
std::string pruned_heading();
std::string pruned_text(const client::cache_record& record);
std::string pruned_total(std::int64_t bytes);
/// `prune --format json`, and one record of `du`'s list.
std::string record_json(const client::cache_record& record);

std::string workers_text(const std::vector<client::worker>& workers);
std::string workers_json(const std::vector<client::worker>& workers);

/// `debug info`, as text and as JSON.
std::string info_text(const client::daemon_about& daemon);
std::string info_json(const client::daemon_about& daemon);

/// One piece of news of `debug monitor`. How it describes blobs is ours; buildctl promises nothing there.
std::string event_text(const client::history_event& event);

std::string histories_text(const std::vector<client::history_record>& records);

}  // namespace peelbox::cli::buildctl
