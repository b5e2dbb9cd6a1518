#include "cli/history_report.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "cli/summary.hpp"
#include "cli/time_text.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

namespace {

namespace json = boost::json;

progress::duration took(const client::history_record& r, progress::wall_time now) {
  return std::max(r.completed.value_or(now) - r.created, progress::duration{0});
}

std::string short_time(progress::duration d) {
  return human_time(std::chrono::duration_cast<std::chrono::milliseconds>(d));
}

std::string steps(const client::history_record& r) {
  if (r.total_steps == 0) return "-";
  return r.completed ? fmt::format("{}/{}", r.cached_steps, r.total_steps) : fmt::format("{} of {} done", r.completed_steps, r.total_steps);
}

json::object object(const std::map<std::string, std::string>& from) {
  json::object to;
  for (const auto& [key, value] : from) to[key] = value;
  return to;
}

}  // namespace

std::vector<std::string> history_table(const std::vector<client::history_record>& records, progress::wall_time now) {
  std::vector<std::string> lines{fmt::format("{:<25}  {:<9}  {:<15}  {:>8}  {:>12}  {}", "REF", "STATE", "STARTED", "TIME",
                                             "CACHED/STEPS", "NAME")};
  for (const client::history_record& r : records)
    lines.push_back(progress::sanitize_line(fmt::format("{:<25}  {:<9}  {:<15}  {:>8}  {:>12}  {}{}", r.ref, to_string(r.state()),
                                                        time_ago(now - r.created), short_time(took(r, now)), steps(r), r.name(),
                                                        r.pinned ? " (pinned)" : "")));
  return lines;
}

std::vector<std::string> history_details(const client::history_record& r, progress::wall_time now) {
  std::vector<std::string> lines;
  const auto line = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) lines.push_back(fmt::format("{:<9} {}", key, progress::sanitize(value)));
  };
  line("ref", r.ref);
  line("state", std::string(to_string(r.state())) + (r.pinned ? ", pinned" : ""));
  line("name", r.name());
  line("started", utc_time(r.created) + " (" + time_ago(now - r.created) + ")");
  if (r.completed) line("ended", utc_time(*r.completed));
  line("time", short_time(took(r, now)));
  line("steps", r.total_steps == 0 ? "" : fmt::format("{} ({} cached)", r.total_steps, r.cached_steps));
  if (r.warnings > 0) line("warnings", fmt::format("{}", r.warnings));
  if (r.log_bytes > 0) line("log", human_bytes(static_cast<std::uint64_t>(r.log_bytes)));
  line("frontend", r.frontend);
  for (const auto& [key, value] : r.frontend_attributes) line("  option", key + "=" + value);
  for (const auto& e : r.exporters) {
    line("output", e.type);
    for (const auto& [key, value] : e.attributes) line("  option", key + "=" + value);
  }
  for (const auto& [key, value] : r.exporter_response) line("result", key + "=" + value);
  if (r.error) line("error", r.error->message);
  return lines;
}

std::string history_json(const client::history_record& r) {
  json::object root{{"ref", r.ref},
                    {"state", to_string(r.state())},
                    {"name", r.name()},
                    {"started", utc_time(r.created)},
                    {"pinned", r.pinned},
                    {"steps", json::object{{"total", r.total_steps}, {"cached", r.cached_steps}, {"completed", r.completed_steps}}},
                    {"warnings", r.warnings},
                    {"logBytes", r.log_bytes},
                    {"frontend", r.frontend},
                    {"frontendAttributes", object(r.frontend_attributes)},
                    {"result", object(r.exporter_response)}};
  if (r.completed) {
    root["ended"] = utc_time(*r.completed);
    root["seconds"] = std::chrono::duration<double>(took(r, *r.completed)).count();
  }
  json::array outputs;
  for (const auto& e : r.exporters) outputs.push_back(json::object{{"type", e.type}, {"attributes", object(e.attributes)}});
  root["outputs"] = std::move(outputs);
  if (r.error) root["error"] = json::object{{"code", r.error->code}, {"message", r.error->message}};
  return json::serialize(root);
}

}  // namespace peelbox::cli
