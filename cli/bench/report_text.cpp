#include "cli/bench/report_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/summary.hpp"

namespace peelbox::cli::bench {

namespace {

std::string_view words_for(figure f) {
  switch (f) {
    case figure::wall: return "wall";
    case figure::cpu: return "client CPU";
    case figure::peak_memory: return "memory";
    case figure::daemon_cpu: break;
  }
  return "daemon CPU";
}

std::string range(figure f, const estimate& e) {
  return fmt::format("{} ({} to {})", figure_text(f, e.value), figure_text(f, e.low), figure_text(f, e.high));
}

std::string side_line(const report& all, const measured& work, std::size_t of, std::size_t width) {
  std::string line = fmt::format("  {:<{}} ", all.sides[of].name, width);
  line += fmt::format("{:<28}", range(figure::wall, median_estimate(values(work, of, figure::wall))));
  line += fmt::format("  CPU {:<8}", seconds_text(median(values(work, of, figure::cpu))));
  line += fmt::format("  {:>8}", human_bytes(std::uint64_t(median(values(work, of, figure::peak_memory)))));
  if (const std::vector<double> daemon = values(work, of, figure::daemon_cpu); !daemon.empty())
    line += fmt::format("  daemon CPU {:<8}", seconds_text(median(daemon)));
  const double wall = median(values(work, of, figure::wall));
  if (work.bytes > 0 && wall > 0) line += fmt::format("  {}/s", human_bytes(std::uint64_t(double(work.bytes) / wall)));
  if (work.copies > 1 && wall > 0) {
    std::vector<double> each;
    for (const sample& s : work.runs[of]) each.insert(each.end(), s.each.begin(), s.each.end());
    line += fmt::format("  {:.3g} builds/s, each {} (p95 {}, p99 {})", double(work.copies) / wall, seconds_text(percentile(each, 0.5)),
                        seconds_text(percentile(each, 0.95)), seconds_text(percentile(each, 0.99)));
  }
  if (of < work.wire.size() && work.wire[of])
    line += fmt::format("  sent {}, got {}", human_bytes(work.wire[of]->to_daemon), human_bytes(work.wire[of]->to_client));
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

std::string seconds_text(double seconds) {
  if (seconds >= 100) return fmt::format("{:.0f} s", seconds);
  if (seconds >= 1) return fmt::format("{:.3g} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.3g} ms", seconds * 1e3);
  return fmt::format("{:.3g} µs", seconds * 1e6);
}

std::string figure_text(figure f, double value) {
  return f == figure::peak_memory ? human_bytes(std::uint64_t(std::max(value, 0.0))) : seconds_text(value);
}

std::string verdict_text(figure f, const estimate& ratio, const std::string& ours, const std::string& theirs) {
  const std::string numbers = fmt::format("{} {:.2f} ({:.2f} to {:.2f})", words_for(f), ratio.value, ratio.low, ratio.high);
  switch (judge(ratio)) {
    case verdict::less: return fmt::format("{}: {} {}", numbers, ours, f == figure::wall ? "is faster" : "needs less");
    case verdict::more: return fmt::format("{}: {} {}", numbers, theirs, f == figure::wall ? "is faster" : "needs less");
    case verdict::equal: return numbers + ": equal";
    case verdict::unclear: break;
  }
  return numbers + (ratio.confidence < sure ? ": too few runs to tell" : ": the runs differ too much to tell");
}

std::vector<std::string> heading_lines(const report& all) {
  std::vector<std::string> lines;
  for (const side& one : all.sides)
    lines.push_back(fmt::format("{}: {} on {}{}", one.name, one.client, one.address, one.daemon.empty() ? "" : ", BuildKit " + one.daemon));
  lines.push_back(fmt::format("{}; {} runs each{}; medians, with the interval that holds the true one", all.machine, all.pairs,
                              all.sides.size() > 1 ? " in alternating pairs" : ""));
  return lines;
}

std::vector<std::string> workload_lines(const report& all, const measured& work) {
  std::vector<std::string> lines{fmt::format("{}: {}", work.name, work.what)};
  if (!work.skipped.empty()) {
    lines.push_back("  not measured: " + work.skipped);
    return lines;
  }
  std::size_t width = 0;
  for (const side& one : all.sides) width = std::max(width, one.name.size());
  for (std::size_t i = 0; i < work.runs.size(); ++i) lines.push_back(side_line(all, work, i, width));
  if (work.runs.size() != 2) return lines;
  for (const figure f : all_figures) {
    const estimate ratio = ratio_estimate(values(work, 0, f), values(work, 1, f));
    if (ratio.value > 0) lines.push_back("  ratio: " + verdict_text(f, ratio, all.sides[0].name, all.sides[1].name));
  }
  return lines;
}

std::vector<std::string> comparison_lines(const comparison& found, double threshold) {
  std::vector<std::string> lines;
  for (const std::string& remark : found.remarks) lines.push_back("note: " + remark);
  std::size_t worse = 0;
  for (const change& one : found.changes) {
    const char* const says = one.regression ? "  REGRESSION" : one.improvement ? "  better" : one.ratio.confidence < sure ? "  too few runs to tell" : "";
    lines.push_back(fmt::format("{:<14} {:<10} {:>9} -> {:<9} {:.2f} ({:.2f} to {:.2f}){}", one.workload, words_for(one.what),
                                figure_text(one.what, one.before), figure_text(one.what, one.now), one.ratio.value, one.ratio.low,
                                one.ratio.high, says));
    if (one.regression) ++worse;
  }
  if (found.changes.empty()) lines.push_back("the reports have no workload in common");
  else if (worse == 0) lines.push_back(fmt::format("no regression beyond {:.0f}%", threshold * 100));
  else lines.push_back(fmt::format("{} of {} figures became worse by more than {:.0f}%", worse, found.changes.size(), threshold * 100));
  return lines;
}

}  // namespace peelbox::cli::bench
