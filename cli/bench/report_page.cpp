#include "cli/bench/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/bench/report_text.hpp"
#include "cli/summary.hpp"

namespace peelbox::cli::bench {

namespace {

constexpr const char* style = R"css(
:root { color-scheme: light dark; --ink: #1c2530; --soft: #5a6876; --line: #d8dfe6; --page: #fcfdfe; --first: #1667c0; --second: #b4611a;
  --good: #1c7c3f; --bad: #b0281f }
@media (prefers-color-scheme: dark) { :root { --ink: #e4eaf0; --soft: #98a7b6; --line: #333f4b; --page: #11161b; --first: #6cb2ff;
  --second: #f0a45f; --good: #70d190; --bad: #ff8b80 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.2rem 0 0 } p { margin: .2rem 0; color: var(--soft) }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; margin: .5rem 0; width: 100% }
th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, td:first-child { text-align: left } th { color: var(--soft); font-weight: 600 }
.good { color: var(--good) } .bad { color: var(--bad) }
svg { display: block; width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: var(--ink) } svg .soft { fill: var(--soft) }
svg .grid { stroke: var(--line) } svg .one { stroke: var(--soft); stroke-dasharray: 4 3 }
svg .s0 { fill: var(--first); stroke: var(--first) } svg .s1 { fill: var(--second); stroke: var(--second) }
svg .dot { fill-opacity: .35; stroke: none } svg .range { stroke-width: 2 }
)css";

std::string escaped(std::string_view raw) {
  std::string safe;
  for (const char c : raw) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += c;
    }
  }
  return safe;
}

/// The end of an axis that holds `value`: 1, 1.5, 2, 3, 5 or 7.5 times a power of ten.
double axis_end(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 1.5, 2.0, 3.0, 5.0, 7.5})
    if (step * power >= value * 0.9999) return step * power;
  return 10 * power;
}

constexpr double plot_width = 960;
constexpr double plot_left = 170;
constexpr double plot_right = 150;
constexpr double row_height = 26;

/// Rows of dots with an interval over one axis that begins at 0.
class plot {
 public:
  plot(std::size_t rows, double largest, figure what, bool ratios)
      : end_(axis_end(largest)), what_(what), ratios_(ratios), height_(30 + row_height * double(rows)) {
    for (int i = 0; i <= 5; ++i) {
      const double value = end_ * i / 5;
      const double x = x_of(value);
      body_ += fmt::format(R"(<line class="grid" x1="{0:.1f}" y1="20" x2="{0:.1f}" y2="{1:.1f}"/><text class="soft" x="{0:.1f}" y="13" text-anchor="middle">{2}</text>)",
                           x, height_ - 4, escaped(label(value)));
    }
    if (ratios_) body_ += fmt::format(R"(<line class="one" x1="{0:.1f}" y1="20" x2="{0:.1f}" y2="{1:.1f}"/>)", x_of(1), height_ - 4);
  }

  void row(std::string_view name, const std::vector<double>& all, const estimate& middle, int color) {
    const double y = 20 + row_height * (double(rows_++) + 0.5);
    body_ += fmt::format(R"(<text x="{:.0f}" y="{:.1f}" text-anchor="end">{}</text>)", plot_left - 12, y + 4, escaped(name));
    for (const double one : all) body_ += fmt::format(R"(<circle class="s{} dot" cx="{:.1f}" cy="{:.1f}" r="4"/>)", color, x_of(one), y);
    body_ += fmt::format(R"(<line class="s{0} range" x1="{1:.1f}" y1="{3:.1f}" x2="{2:.1f}" y2="{3:.1f}"/>)", color, x_of(middle.low), x_of(middle.high), y);
    body_ += fmt::format(R"(<rect class="s{}" x="{:.1f}" y="{:.1f}" width="3" height="14"/>)", color, x_of(middle.value) - 1.5, y - 7);
    body_ += fmt::format(R"(<text x="{:.0f}" y="{:.1f}">{}</text>)", plot_width - plot_right + 12, y + 4, escaped(label(middle.value)));
  }

  std::string svg() const {
    return fmt::format(R"(<svg viewBox="0 0 {:.0f} {:.0f}" role="img">{}</svg>)", plot_width, height_, body_);
  }

 private:
  double x_of(double value) const { return plot_left + (plot_width - plot_left - plot_right) * std::clamp(value / end_, 0.0, 1.0); }
  std::string label(double value) const { return ratios_ ? fmt::format("{:.2f}", value) : value == 0 ? "0" : figure_text(what_, value); }

  double end_;
  figure what_;
  bool ratios_;
  double height_;
  std::size_t rows_ = 0;
  std::string body_;
};

std::string ratio_plot(const report& all) {
  std::vector<std::pair<const measured*, estimate>> rows;
  double largest = 1.2;
  for (const measured& work : all.workloads) {
    if (work.runs.size() != 2) continue;
    const estimate ratio = ratio_estimate(values(work, 0, figure::wall), values(work, 1, figure::wall));
    if (ratio.value <= 0) continue;
    rows.emplace_back(&work, ratio);
    largest = std::max(largest, std::min(ratio.high, 3.0));
  }
  if (rows.empty()) return {};
  plot drawn(rows.size(), largest, figure::wall, true);
  for (const auto& [work, ratio] : rows) {
    const std::vector<double> ours = values(*work, 0, figure::wall);
    const std::vector<double> theirs = values(*work, 1, figure::wall);
    std::vector<double> each;
    for (std::size_t i = 0; i < ours.size(); ++i)
      if (theirs[i] > 0) each.push_back(ours[i] / theirs[i]);
    drawn.row(work->name, each, ratio, 0);
  }
  return fmt::format("<h2>Wall time of {} beside {}</h2><p>Each dot is one pair; the bar is the interval of the median. Left of the dashed "
                     "line {} is faster.</p>{}",
                     escaped(all.sides[0].name), escaped(all.sides[1].name), escaped(all.sides[0].name), drawn.svg());
}

std::string workload_part(const report& all, const measured& work) {
  std::string part = fmt::format("<h2>{}</h2><p>{}</p>", escaped(work.name), escaped(work.what));
  if (!work.skipped.empty()) return part + fmt::format("<p class=\"bad\">Not measured: {}</p>", escaped(work.skipped));
  double largest = 0;
  for (std::size_t i = 0; i < work.runs.size(); ++i)
    for (const double one : values(work, i, figure::wall)) largest = std::max(largest, one);
  plot drawn(work.runs.size(), largest, figure::wall, false);
  for (std::size_t i = 0; i < work.runs.size(); ++i) {
    const std::vector<double> wall = values(work, i, figure::wall);
    drawn.row(i < all.sides.size() ? all.sides[i].name : "", wall, median_estimate(wall), int(i % 2));
  }
  part += drawn.svg();
  part += "<div class=\"scroll\"><table><tr><th></th><th>wall p50</th><th>p95</th><th>p99</th><th>client CPU</th><th>memory</th><th>daemon CPU</th>"
          "<th>sent</th><th>got</th></tr>";
  for (std::size_t i = 0; i < work.runs.size() && i < all.sides.size(); ++i) {
    const std::vector<double> wall = values(work, i, figure::wall);
    const std::vector<double> daemon = values(work, i, figure::daemon_cpu);
    const std::optional<wire_count> wire = i < work.wire.size() ? work.wire[i] : std::nullopt;
    part += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                        escaped(all.sides[i].name), seconds_text(percentile(wall, 0.5)), seconds_text(percentile(wall, 0.95)),
                        seconds_text(percentile(wall, 0.99)), seconds_text(median(values(work, i, figure::cpu))),
                        figure_text(figure::peak_memory, median(values(work, i, figure::peak_memory))),
                        daemon.empty() ? "" : seconds_text(median(daemon)), wire ? human_bytes(wire->to_daemon) : "",
                        wire ? human_bytes(wire->to_client) : "");
  }
  part += "</table></div>";
  if (work.runs.size() != 2 || all.sides.size() != 2) return part;
  for (const figure f : all_figures) {
    const estimate ratio = ratio_estimate(values(work, 0, f), values(work, 1, f));
    if (ratio.value <= 0) continue;
    const verdict v = judge(ratio);
    part += fmt::format("<p{}>{}</p>", v == verdict::less ? " class=\"good\"" : v == verdict::more ? " class=\"bad\"" : "",
                        escaped(verdict_text(f, ratio, all.sides[0].name, all.sides[1].name)));
  }
  return part;
}

std::string comparison_part(const comparison& found, double threshold) {
  std::string part = "<h2>Beside the older report</h2>";
  for (const std::string& remark : found.remarks) part += fmt::format("<p>{}</p>", escaped(remark));
  if (found.changes.empty()) return part;
  part += "<div class=\"scroll\"><table><tr><th>workload</th><th>figure</th><th>before</th><th>now</th><th>ratio</th><th>interval</th><th></th></tr>";
  for (const change& one : found.changes)
    part += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.2f}</td><td>{:.2f} to {:.2f}</td><td class=\"{}\">{}</td></tr>",
                        escaped(one.workload), one.what == figure::wall ? "wall" : "client CPU", figure_text(one.what, one.before),
                        figure_text(one.what, one.now), one.ratio.value, one.ratio.low, one.ratio.high, one.regression ? "bad" : "good",
                        one.regression ? "regression" : one.improvement ? "better" : "");
  return part + fmt::format("</table></div><p>A regression is an interval that lies above {:.2f} as a whole.</p>", 1 + threshold);
}

}  // namespace

std::string report_page(const report& all, const std::optional<comparison>& compared, double threshold) {
  std::string page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
                     "<title>peelbox bench</title><style>";
  page += style;
  page += fmt::format("</style><h1>peelbox bench</h1><p>{}</p>", escaped(all.made));
  for (const std::string& line : heading_lines(all)) page += fmt::format("<p>{}</p>", escaped(line));
  page += ratio_plot(all);
  if (compared) page += comparison_part(*compared, threshold);
  for (const measured& work : all.workloads) page += workload_part(all, work);
  return page + "</html>\n";
}

}  // namespace peelbox::cli::bench
