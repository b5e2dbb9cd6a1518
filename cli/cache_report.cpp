#include "cli/cache_report.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "cli/summary.hpp"
#include "cli/time_text.hpp"
#include "cli/wrong.hpp"
#include "engine/async/ascii.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

namespace {

namespace json = boost::json;

std::string size_text(std::int64_t bytes) { return human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0))); }

/// A number at the beginning of the text, which it removes.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

struct unit {
  std::string_view name;
  double size;
};

/// The unit at the beginning of the text: letters up to the next digit.
template <std::size_t Count>
std::optional<double> take_unit(std::string_view& text, const std::array<unit, Count>& units) {
  std::size_t end = 0;
  while (end < text.size() && !is_digit(text[end])) ++end;
  const std::string name = lower(text.substr(0, end));
  text.remove_prefix(end);
  for (const unit& one : units)
    if (one.name == name) return one.size;
  return std::nullopt;
}

}  // namespace

std::vector<std::string> cache_table(const std::vector<client::cache_record>& records, progress::wall_time now) {
  std::vector<std::string> lines{fmt::format("{:<25}  {:>9}  {:<15}  {:<18}  {}", "ID", "SIZE", "LAST USED", "TYPE", "DESCRIPTION")};
  for (const client::cache_record& r : records) {
    std::string marks;
    if (r.in_use) marks += " (in use)";
    if (r.shared) marks += " (shared)";
    lines.push_back(progress::sanitize_line(fmt::format("{:<25}  {:>9}  {:<15}  {:<18}  {}{}", r.id, size_text(r.size),
                                                        r.last_used ? time_ago(now - *r.last_used) : "never", r.type, r.description, marks)));
  }
  const client::cache_totals totals = client::total_of(records);
  if (totals.shared > 0) lines.push_back("shared       " + size_text(totals.shared));
  if (totals.shared > 0) lines.push_back("private      " + size_text(totals.private_bytes));
  lines.push_back("reclaimable  " + size_text(totals.reclaimable));
  lines.push_back("total        " + size_text(totals.all()));
  return lines;
}

std::string cache_json(const client::cache_record& r) {
  json::array parents;
  for (const std::string& parent : r.parents) parents.emplace_back(parent);
  json::object root{{"id", r.id},           {"parents", std::move(parents)}, {"type", r.type},
                    {"size", r.size},       {"mutable", r.is_mutable},       {"inUse", r.in_use},
                    {"shared", r.shared},   {"created", utc_time(r.created)}, {"usageCount", r.usage_count},
                    {"description", r.description}};
  if (r.last_used) root["lastUsed"] = utc_time(*r.last_used);
  return json::serialize(root);
}

std::string pruned_line(const client::cache_record& r) {
  return progress::sanitize_line(fmt::format("{:<25}  {:>9}  {}", r.id, size_text(r.size), r.description));
}

result<std::chrono::nanoseconds> parse_duration(std::string_view flag, std::string_view text) {
  static constexpr std::array<unit, 8> units{{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"w", 7 * 86400e9}}};
  std::string_view rest = text;
  double total = 0;
  do {
    const std::optional<double> number = take_number(rest);
    if (number && *number == 0 && rest.empty() && text == "0") return std::chrono::nanoseconds(0);
    const std::optional<double> size = number ? take_unit(rest, units) : std::nullopt;
    if (!size) return wrong(fmt::format("{} {}: expected a duration such as 36h, 1h30m or 7d", flag, text));
    total += *number * *size;
  } while (!rest.empty());
  if (total >= static_cast<double>(std::numeric_limits<std::int64_t>::max()))
    return wrong(fmt::format("{} {}: longer than 292 years", flag, text));
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

result<std::int64_t> parse_space(std::string_view flag, std::string_view text) {
  static constexpr std::array<unit, 18> units{{{"", 1}, {"b", 1}, {"k", 1e3}, {"kb", 1e3}, {"m", 1e6}, {"mb", 1e6}, {"g", 1e9}, {"gb", 1e9}, {"t", 1e12}, {"tb", 1e12},
                                               {"kib", 1024.0}, {"mib", 1048576.0}, {"gib", 1073741824.0}, {"tib", 1099511627776.0},
                                               {" kb", 1e3}, {" mb", 1e6}, {" gb", 1e9}, {" tb", 1e12}}};
  std::string_view rest = text;
  const std::optional<double> number = take_number(rest);
  const std::optional<double> size = number ? take_unit(rest, units) : std::nullopt;
  if (!size || !rest.empty() || *number * *size >= static_cast<double>(std::numeric_limits<std::int64_t>::max()))
    return wrong(fmt::format("{} {}: expected a size such as 512MB, 10GB or 10GiB", flag, text));
  return static_cast<std::int64_t>(*number * *size);
}

}  // namespace peelbox::cli
