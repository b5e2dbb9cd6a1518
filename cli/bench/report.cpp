#include "cli/bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/data/json.hpp"

namespace peelbox::cli::bench {

namespace {

namespace json = boost::json;
constexpr std::int64_t format_number = 1;

json::object to_json(const estimate& e) {
  return {{"median", e.value}, {"low", e.low}, {"high", e.high}, {"confidence", e.confidence}};
}

json::object to_json(const sample& s) {
  json::object made{{"wall", s.wall}, {"cpu", s.cpu}, {"peak_memory", s.peak_memory}};
  if (s.daemon_cpu) made["daemon_cpu"] = *s.daemon_cpu;
  if (s.each.size() > 1) made["each"] = json::array(s.each.begin(), s.each.end());
  return made;
}

json::object summary_of(const measured& work, std::size_t of) {
  json::object made;
  for (const figure f : all_figures) {
    const std::vector<double> all = values(work, of, f);
    if (all.empty()) continue;
    json::object one = to_json(median_estimate(all));
    one["p50"] = percentile(all, 0.5);
    one["p95"] = percentile(all, 0.95);
    one["p99"] = percentile(all, 0.99);
    made[to_string(f)] = std::move(one);
  }
  return made;
}

json::object to_json(const measured& work, std::size_t sides) {
  json::object made{{"name", work.name}, {"what", work.what}, {"bytes", work.bytes}, {"copies", work.copies}};
  if (!work.skipped.empty()) {
    made["skipped"] = work.skipped;
    return made;
  }
  json::array of_sides;
  for (std::size_t i = 0; i < sides && i < work.runs.size(); ++i) {
    json::object one;
    json::array runs;
    for (const sample& s : work.runs[i]) runs.push_back(to_json(s));
    one["runs"] = std::move(runs);
    one["summary"] = summary_of(work, i);
    if (i < work.wire.size() && work.wire[i])
      one["wire"] = json::object{{"to_daemon", work.wire[i]->to_daemon}, {"to_client", work.wire[i]->to_client}, {"connections", work.wire[i]->connections}};
    of_sides.push_back(std::move(one));
  }
  made["sides"] = std::move(of_sides);
  if (work.runs.size() == 2) {
    json::object ratios;
    for (const figure f : all_figures) {
      const estimate ratio = ratio_estimate(values(work, 0, f), values(work, 1, f));
      if (ratio.value <= 0) continue;
      json::object one = to_json(ratio);
      one["verdict"] = to_string(judge(ratio));
      ratios[to_string(f)] = std::move(one);
    }
    made["ratio"] = std::move(ratios);
  }
  return made;
}

double number(const json::value& from, std::string_view name) {
  const json::value* const found = data::member(from, name);
  if (!found || !found->is_number()) return 0;
  return found->to_number<double>();
}

std::uint64_t count(const json::value& from, std::string_view name) { return std::uint64_t(std::clamp(number(from, name), 0.0, 1e18)); }

const json::array& list(const json::value& from, std::string_view name) {
  static const json::array none;
  const json::value* const found = data::member(from, name);
  return found && found->is_array() ? found->get_array() : none;
}

std::string text(const json::value& from, std::string_view name) { return std::string(data::text_of(from, name)); }

sample sample_from(const json::value& from) {
  sample s;
  s.wall = number(from, "wall");
  s.cpu = number(from, "cpu");
  s.peak_memory = number(from, "peak_memory");
  if (data::member(from, "daemon_cpu")) s.daemon_cpu = number(from, "daemon_cpu");
  for (const json::value& one : list(from, "each"))
    if (one.is_number()) s.each.push_back(one.to_number<double>());
  return s;
}

measured measured_from(const json::value& from) {
  measured work;
  work.name = text(from, "name");
  work.what = text(from, "what");
  work.bytes = count(from, "bytes");
  work.copies = unsigned(count(from, "copies"));
  work.skipped = text(from, "skipped");
  for (const json::value& one : list(from, "sides")) {
    std::vector<sample> runs;
    for (const json::value& run : list(one, "runs")) runs.push_back(sample_from(run));
    work.runs.push_back(std::move(runs));
    const json::value* const wire = data::member(one, "wire");
    work.wire.push_back(wire ? std::optional(wire_count{count(*wire, "to_daemon"), count(*wire, "to_client"), count(*wire, "connections")}) : std::nullopt);
  }
  return work;
}

}  // namespace

std::string_view to_string(figure f) noexcept {
  switch (f) {
    case figure::wall: return "wall";
    case figure::cpu: return "cpu";
    case figure::peak_memory: return "peak_memory";
    case figure::daemon_cpu: break;
  }
  return "daemon_cpu";
}

std::vector<double> values(const measured& work, std::size_t of_side, figure f) {
  std::vector<double> found;
  if (of_side >= work.runs.size()) return found;
  for (const sample& s : work.runs[of_side]) {
    switch (f) {
      case figure::wall: found.push_back(s.wall); break;
      case figure::cpu: found.push_back(s.cpu); break;
      case figure::peak_memory: found.push_back(s.peak_memory); break;
      case figure::daemon_cpu:
        if (!s.daemon_cpu) return {};
        found.push_back(*s.daemon_cpu);
        break;
    }
  }
  return found;
}

std::string report_json(const report& all) {
  json::object made{{"format", format_number}, {"made", all.made}, {"machine", all.machine}, {"pairs", all.pairs}, {"round_trip_ms", all.round_trip_ms}};
  json::array sides;
  for (const side& one : all.sides)
    sides.push_back(json::object{{"name", one.name}, {"client", one.client}, {"address", one.address}, {"daemon", one.daemon}});
  made["sides"] = std::move(sides);
  json::array workloads;
  for (const measured& work : all.workloads) workloads.push_back(to_json(work, all.sides.size()));
  made["workloads"] = std::move(workloads);
  return data::to_text(made) + "\n";
}

result<report> parse_report(std::string_view from, const std::string& name) {
  const auto refuse = [&](const std::string& why) { return failure(errc::usage, fmt::format("{}: {}", name, why), origin::user); };
  const result<json::value> tree = data::parse_json(from, name, {.bytes = 64 << 20});
  if (tree.has_error()) return refuse("not a report of `peelbox bench --json`: " + tree.error().text);
  const std::uint64_t format = count(*tree, "format");
  if (format == 0 || !data::member(*tree, "workloads")) return refuse("not a report of `peelbox bench --json`");
  if (format > std::uint64_t(format_number)) return refuse(fmt::format("it has format {}, and this peelbox reads up to {}: use a newer one", format, format_number));
  report all;
  all.made = text(*tree, "made");
  all.machine = text(*tree, "machine");
  all.pairs = unsigned(count(*tree, "pairs"));
  all.round_trip_ms = unsigned(count(*tree, "round_trip_ms"));
  for (const json::value& one : list(*tree, "sides"))
    all.sides.push_back({text(one, "name"), text(one, "client"), text(one, "address"), text(one, "daemon")});
  for (const json::value& one : list(*tree, "workloads")) all.workloads.push_back(measured_from(one));
  return all;
}

comparison compare(const report& now, const report& before, double threshold) {
  comparison made;
  if (now.machine != before.machine)
    made.remarks.push_back(fmt::format("the older report is of another machine ({}; this one: {}), so times say little", before.machine, now.machine));
  if (!now.sides.empty() && !before.sides.empty() && now.sides[0].daemon != before.sides[0].daemon)
    made.remarks.push_back(fmt::format("the daemon was another one: {} before, {} now", before.sides[0].daemon, now.sides[0].daemon));
  for (const measured& work : now.workloads) {
    const auto old = std::find_if(before.workloads.begin(), before.workloads.end(), [&](const measured& m) { return m.name == work.name; });
    if (old == before.workloads.end()) {
      made.remarks.push_back(fmt::format("{} is not in the older report", work.name));
      continue;
    }
    if (!work.skipped.empty() || !old->skipped.empty()) continue;
    if (old->what != work.what) {
      made.remarks.push_back(fmt::format("{} was another workload: {} before, {} now", work.name, old->what, work.what));
      continue;
    }
    for (const figure f : {figure::wall, figure::cpu}) {
      change one;
      one.workload = work.name;
      one.what = f;
      const std::vector<double> a = values(work, 0, f);
      const std::vector<double> b = values(*old, 0, f);
      one.ratio = unpaired_ratio(a, b);
      one.now = median(a);
      one.before = median(b);
      const bool certain = one.ratio.confidence >= sure;
      one.regression = certain && one.ratio.low > 1 + threshold;
      one.improvement = certain && one.ratio.high < 1 - threshold;
      made.changes.push_back(std::move(one));
    }
  }
  return made;
}

}  // namespace peelbox::cli::bench
