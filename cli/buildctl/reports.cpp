#include "cli/buildctl/reports.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>

#include "cli/buildctl/table.hpp"
#include "engine/data/json.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli::buildctl {

namespace {

namespace json = boost::json;

/// "2024-05-01T12:00:00.123456789Z", as Go's encoding/json writes a time: without zeros at the end.
std::string go_time(progress::wall_time t) {
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(t);
  const auto rest = (t - seconds).count();
  const std::time_t whole = static_cast<std::time_t>(seconds.time_since_epoch().count());
  std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(whole));
  if (rest > 0) {
    std::string digits = fmt::format("{:09}", rest);
    while (digits.ends_with('0')) digits.pop_back();
    text += '.' + digits;
  }
  return text + "Z";
}

/// "2024-05-01T14:00:00+02:00": RFC 3339 in this machine's zone.
std::string local_time(progress::wall_time t) {
  const std::time_t whole = static_cast<std::time_t>(std::chrono::time_point_cast<std::chrono::seconds>(t).time_since_epoch().count());
  const std::tm parts = fmt::localtime(whole);
  std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", parts);
  if (parts.tm_gmtoff == 0) return text + "Z";
  const long minutes = std::abs(parts.tm_gmtoff) / 60;
  return text + fmt::format("{}{:02}:{:02}", parts.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string marked(std::string text, bool mark) { return mark ? text + "*" : text; }

std::string_view boolean(bool value) { return value ? "true" : "false"; }

std::vector<std::string> row_of(const client::cache_record& r) {
  return {fmt::format("{:<71}", progress::sanitize_line(marked(r.id, r.is_mutable))), fmt::format("{:<11}", boolean(!r.in_use)),
          marked(size_text(r.size), r.shared), ""};
}

const std::vector<std::string> heading{"ID", "RECLAIMABLE", "SIZE", "LAST ACCESSED"};

void add_sums(table& to, const std::vector<client::cache_record>& records) {
  const client::cache_totals totals = client::total_of(records);
  if (totals.shared > 0) {
    to.add({"Shared:", size_text(totals.shared)});
    to.add({"Private:", size_text(totals.private_bytes)});
  }
  to.add({"Reclaimable:", size_text(totals.reclaimable)});
  to.add({"Total:", size_text(totals.all())});
}

json::object json_of(const client::cache_record& r) {
  json::object out{{"id", r.id}, {"mutable", r.is_mutable}, {"inUse", r.in_use}, {"size", r.size}, {"createdAt", go_time(r.created)}};
  out["lastUsedAt"] = r.last_used ? json::value(go_time(*r.last_used)) : json::value(nullptr);
  out["usageCount"] = r.usage_count;
  json::array parents;
  for (const std::string& parent : r.parents) parents.emplace_back(parent);
  out["parents"] = r.parents.empty() ? json::value(nullptr) : json::value(std::move(parents));
  out["description"] = r.description;
  out["recordType"] = r.type;
  out["shared"] = r.shared;
  return out;
}

}  // namespace

std::string size_text(std::int64_t bytes) {
  static constexpr std::array<std::string_view, 7> units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.2f}{}", value, units[unit]);
}

std::string usage_text(const std::vector<client::cache_record>& records, bool with_sums) {
  table out;
  out.add(heading);
  for (const client::cache_record& one : records) out.add(row_of(one));
  table sums;
  if (with_sums) add_sums(sums, records);
  return with_tabs(out) + with_tabs(sums);
}

std::string usage_details(const std::vector<client::cache_record>& records, bool with_sums) {
  std::string text;
  for (const client::cache_record& r : records) {
    table out;
    const auto line = [&out](std::string key, const std::string& value) { out.add({std::move(key) + ":", progress::sanitize_line(value)}); };
    line("ID", r.id);
    if (!r.parents.empty()) line("Parents", fmt::format("{}", fmt::join(r.parents, ";")));
    line("Created at", go_time(r.created));
    line("Mutable", std::string(boolean(r.is_mutable)));
    line("Reclaimable", std::string(boolean(!r.in_use)));
    line("Shared", std::string(boolean(r.shared)));
    line("Size", size_text(r.size));
    if (!r.description.empty()) line("Description", r.description);
    line("Usage count", fmt::format("{}", r.usage_count));
    if (r.last_used) line("Last used", go_time(*r.last_used));
    if (!r.type.empty()) line("Type", r.type);
    text += with_tabs(out) + "\n";
  }
  table sums;
  if (with_sums) add_sums(sums, records);
  return text + with_tabs(sums);
}

std::string record_json(const client::cache_record& record) { return json::serialize(json_of(record)); }

std::string usage_json(const std::vector<client::cache_record>& records) {
  json::array all;
  for (const client::cache_record& one : records) all.push_back(json_of(one));
  return json::serialize(all);
}

std::string pruned_heading() {
  table out;
  out.add(heading);
  return with_tabs(out);
}

std::string pruned_text(const client::cache_record& record) {
  table out;
  out.add(row_of(record));
  return with_tabs(out);
}

std::string pruned_total(std::int64_t bytes) {
  table out;
  out.add({"Total:", size_text(bytes)});
  return with_tabs(out);
}

std::string workers_text(const std::vector<client::worker>& workers) {
  table out;
  out.add({"ID", "PLATFORMS"});
  for (const client::worker& one : workers)
    out.add({progress::sanitize_line(one.id), progress::sanitize_line(fmt::format("{}", fmt::join(one.platforms, ",")))});
  return with_tabs(out);
}

std::string workers_json(const std::vector<client::worker>& workers) {
  json::array all;
  for (const client::worker& one : workers) {
    json::object labels;
    for (const auto& [key, value] : one.labels) labels[key] = value;
    json::array platforms;
    for (const std::string& text : one.platforms) platforms.emplace_back(text);
    all.push_back(json::object{{"id", one.id}, {"labels", std::move(labels)}, {"platforms", std::move(platforms)},
                               {"buildkitVersion", json::object{{"version", one.version}}}});
  }
  return json::serialize(all);
}

std::string info_text(const client::daemon_about& daemon) {
  table out;
  out.add({"BuildKit:", progress::sanitize_line(fmt::format("{} {} {}", daemon.package, daemon.version, daemon.revision))});
  if (!daemon.dockerfile.empty()) out.add({"Dockerfile:", progress::sanitize_line(daemon.dockerfile)});
  return with_blanks(out);
}

std::string info_json(const client::daemon_about& daemon) {
  json::object version{{"package", daemon.package}, {"version", daemon.version}, {"revision", daemon.revision}};
  if (!daemon.dockerfile.empty()) version["dockerfileVersion"] = daemon.dockerfile;
  return json::serialize(json::object{{"buildkitVersion", std::move(version)}});
}

std::string event_text(const client::history_event& event) {
  using kind = client::history_event::kind;
  const client::history_record& r = event.record;
  const std::string_view what = event.what == kind::started ? "STARTED" : event.what == kind::complete ? "COMPLETE" : "DELETED";
  std::string text = fmt::format("event: {} ref:{}\n", what, progress::sanitize_line(r.ref));
  if (r.total_steps > 0) text += fmt::format("  cache: {}/{}\n", r.cached_steps, r.total_steps);
  if (r.warnings > 0) text += fmt::format("  warnings: {}\n", r.warnings);
  const auto blob = [&text](const std::string& name, const client::history_record::blob& one) {
    text += progress::sanitize_line(fmt::format("  {}: media_type:{} digest:{} size:{}", name, data::in_quotes(one.media_type),
                                                data::in_quotes(one.digest), one.size)) + '\n';
  };
  if (r.logs) blob("logs", *r.logs);
  if (r.trace) blob("trace", *r.trace);
  for (const auto& [platform, one] : r.attestations) blob(platform.empty() ? "attestation" : "[" + platform + "] attestation", one);
  return text;
}

std::string histories_text(const std::vector<client::history_record>& records) {
  table out;
  out.add({"TYPE", "REF", "CREATED", "COMPLETED", "GENERATION", "PINNED"});
  for (const client::history_record& one : records)
    out.add({one.completed ? "COMPLETE" : "STARTED", progress::sanitize_line(one.ref), local_time(one.created),
             one.completed ? local_time(*one.completed) : "", fmt::format("{}", one.generation), one.pinned ? "*" : ""});
  return with_tabs(out);
}

}  // namespace peelbox::cli::buildctl
