#include "cli/summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/client/error_text.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> units{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string human_time(std::chrono::milliseconds time) {
  const auto ms = time.count();
  if (ms < 60'000) return fmt::format("{:.{}f}s", static_cast<double>(ms) / 1000, ms < 10'000 ? 2 : 1);
  return fmt::format("{}m {}s", ms / 60'000, ms % 60'000 / 1000);
}

std::string image_digest(const client::service_outcome& outcome) {
  const auto found = outcome.exporter_response.find("containerimage.digest");
  return found == outcome.exporter_response.end() ? std::string() : found->second;
}

std::string delivery_text(const client::docker_delivery& delivery, std::uint64_t bytes) {
  using how = client::docker_delivery::how;
  switch (delivery.way) {
    case how::stored: return fmt::format("Docker at {} (stored by its own BuildKit)", delivery.engine);
    case how::loaded: return fmt::format("Docker at {} (loaded, {})", delivery.engine, human_bytes(bytes));
    case how::unchanged:
      return fmt::format("Docker at {} (transfer skipped: the engine has this image already{})", delivery.engine,
                         delivery.tagged ? ", only named it" : "");
  }
  return {};
}

namespace {

std::size_t cached_steps(const progress::trace& picture) {
  return static_cast<std::size_t>(std::count_if(picture.shown().begin(), picture.shown().end(), [&](std::uint32_t i) {
    return picture.steps()[i].state == progress::step_state::cached;
  }));
}

/// `alone`: whether all that was exported went into this output.
std::string output_text(const output_option& output, const client::service_outcome& outcome, bool alone) {
  if (output.into_docker() && outcome.delivery) return delivery_text(*outcome.delivery, outcome.exported_bytes);
  if (output.type == output_option::kind::cacheonly) return "none; the result stays in the daemon's cache";
  if (output.pushes()) return "pushed to the registry";
  if (output.type == output_option::kind::image) return "kept in the daemon's image store";
  std::string text = fmt::format("{} ({}", output.dest == "-" ? "standard output" : output.dest, to_string(output.type));
  if (alone) text += ", " + human_bytes(outcome.exported_bytes);
  return text + ")";
}

std::vector<std::string> output_texts(const service_target& target, const client::service_outcome& outcome) {
  std::vector<std::string> texts;
  for (const output_option& output : target.outputs) texts.push_back(output_text(output, outcome, target.outputs.size() == 1));
  return texts;
}

void add_service(std::vector<std::string>& lines, const prepared_service& service, const client::solve_request& asked,
                 const client::service_outcome& outcome) {
  const service_target& target = service.target;
  if (target.makes_image()) {
    if (!target.image_names.empty()) lines.push_back(fmt::format("image    {}", fmt::join(target.image_names, ", ")));
    lines.push_back(fmt::format("digest   {}", image_digest(outcome)));
  }
  for (const std::string& text : output_texts(target, outcome)) lines.push_back("output   " + text);
  std::string platforms;
  for (const oci::platform& platform : outcome.platforms)
    platforms += (platforms.empty() ? "" : ", ") + oci::to_string(platform);
  if (!platforms.empty()) lines.push_back("platform " + platforms);
  if (!target.makes_image()) return;
  std::string made;
  if (outcome.has_sbom) made += " SBOM";
  if (asked.attest.provenance) made += " provenance";
  if (!made.empty()) lines.push_back("attested" + made);
}

void add_services(std::vector<std::string>& lines, const prepared_build& prepared, const client::build_outcome& outcome) {
  std::size_t failed = 0;
  std::size_t widest = 0;
  for (const prepared_service& service : prepared.services) widest = std::max(widest, service.name.size());
  for (std::size_t i = 0; i < prepared.services.size(); ++i) {
    const prepared_service& service = prepared.services[i];
    const result<client::service_outcome>& gave = outcome.services[i];
    if (gave.has_error()) {
      ++failed;
      lines.push_back(fmt::format("service  {:<{}}  failed", service.name, widest));
      continue;
    }
    std::string image;
    if (service.target.makes_image()) image = fmt::format("  {}  {}", fmt::join(service.target.image_names, ", "), image_digest(*gave));
    lines.push_back(fmt::format("service  {:<{}}  {:>6}{}  {}", service.name, widest, human_time(gave->took), image,
                                fmt::join(output_texts(service.target, *gave), ", ")));
  }
  lines.push_back(fmt::format("services {} built, {} failed", prepared.services.size() - failed, failed));
}

/// Of what the daemon did not ask for.
std::string unchanged_text(const std::vector<client::context_look>& looks) {
  std::uint64_t files = 0;
  std::chrono::milliseconds took{0};
  bool any = false;
  for (const client::context_look& one : looks) {
    if (!one.unchanged) continue;
    any = true;
    files += one.files;
    took = std::max(took, one.took);
  }
  if (!any) return {};
  return fmt::format("; unchanged since an earlier build, {} looked at in {}", files == 1 ? "1 file" : fmt::format("{} files", files),
                     human_time(took));
}

}  // namespace

std::vector<std::string> summary_lines(const prepared_build& prepared, const client::build_outcome& outcome,
                                       const progress::trace& picture, std::chrono::milliseconds took) {
  std::vector<std::string> lines;
  if (prepared.services.size() > 1) add_services(lines, prepared, outcome);
  else add_service(lines, prepared.services.front(), prepared.options.services.front(), *outcome.services.front());
  const filesync::transfer_stats& sent = outcome.context;
  std::string left_out;
  // Where a frontend decides what is left out, most of it is what no step asks for.
  const auto& contexts = prepared.options.contexts;
  const bool by_rules = std::any_of(contexts.begin(), contexts.end(), [](const auto& one) { return one.second->gitignore || !one.second->dockerignore.empty(); });
  if (by_rules && sent.excluded > 0)
    left_out = fmt::format("; {} {} left out by ignore rules", sent.excluded, sent.excluded == 1 ? "entry" : "entries");
  lines.push_back(fmt::format("context  {} of {} files sent, {} of {}{}{}", sent.files_transferred, sent.files,
                              human_bytes(sent.bytes_transferred), human_bytes(sent.bytes_listed), left_out,
                              unchanged_text(outcome.looks)));
  lines.push_back(fmt::format("steps    {} ({} cached)", picture.visible_count(), cached_steps(picture)));
  lines.push_back(fmt::format("time     {}", human_time(took)));
  return lines;
}

std::string failure_line(const progress::trace& picture, std::chrono::milliseconds took, bool stopped) {
  std::string failed;
  std::size_t more = 0;
  std::size_t done = 0;
  for (const std::uint32_t index : picture.shown()) {
    const progress::step& step = picture.steps()[index];
    if (step.state == progress::step_state::done || step.state == progress::step_state::cached) ++done;
    if (step.state != progress::step_state::failed) continue;
    if (failed.empty()) failed = step.name;
    else ++more;
  }
  std::string line = (stopped ? "stopped  after " : "failed   after ") + human_time(took);
  if (!failed.empty()) line += ": " + progress::sanitize_line(failed, 120);
  if (more > 0) line += fmt::format(" and {} more", more);
  if (picture.visible_count() > 0)
    line += fmt::format("; {} of {} steps had finished ({} cached)", done, picture.visible_count(), cached_steps(picture));
  return line;
}

std::vector<std::string> clipped_lines(const progress::trace& picture) {
  constexpr std::size_t most_named = 3;
  std::vector<std::string> lines;
  std::size_t clipped = 0;
  std::string notice;
  for (const std::uint32_t index : picture.shown()) {
    const progress::step& step = picture.steps()[index];
    if (step.clipped.empty() || ++clipped > most_named) continue;
    notice = step.clipped;
    lines.push_back("warning: not all output was kept of: " + step.name);
  }
  if (clipped > most_named) lines.push_back(fmt::format("warning: nor of {} more", clipped - most_named));
  if (clipped > 0) lines.push_back("         " + client::clipped_advice(notice));
  return lines;
}

}  // namespace peelbox::cli
