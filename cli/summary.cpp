#include "cli/summary.hpp"

#include <fmt/format.h>

#include <array>

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

std::string image_digest(const build::build_outcome& outcome) {
  const auto found = outcome.exporter_response.find("containerimage.digest");
  return found == outcome.exporter_response.end() ? std::string() : found->second;
}

std::string delivery_text(const build::docker_delivery& delivery, std::uint64_t bytes) {
  using how = build::docker_delivery::how;
  switch (delivery.way) {
    case how::stored: return fmt::format("Docker at {} (stored by its own BuildKit)", delivery.engine);
    case how::loaded: return fmt::format("Docker at {} (loaded, {})", delivery.engine, human_bytes(bytes));
    case how::unchanged:
      return fmt::format("Docker at {} (transfer skipped: the engine has this image already{})", delivery.engine,
                         delivery.tagged ? ", only named it" : "");
  }
  return {};
}

std::vector<std::string> summary_lines(const prepared_build& prepared, const build::build_outcome& outcome,
                                       const progress::trace& picture, std::chrono::milliseconds took) {
  std::vector<std::string> lines;
  const output_option& output = prepared.output;
  if (output.is_image()) {
    lines.push_back(fmt::format("image    {}", prepared.image_name));
    lines.push_back(fmt::format("digest   {}", image_digest(outcome)));
  }
  if (outcome.delivery) lines.push_back("output   " + delivery_text(*outcome.delivery, outcome.exported_bytes));
  const std::string where = output.dest == "-" ? "standard output" : output.dest;
  if (outcome.delivery) {
  } else if (output.type == output_option::kind::cacheonly) lines.push_back("output   none; the result stays in the daemon's cache");
  else lines.push_back(fmt::format("output   {} ({}, {})", where, to_string(output.type), human_bytes(outcome.exported_bytes)));
  lines.push_back(fmt::format("platform {}", oci::to_string(prepared.options.solve.platform)));
  if (output.is_image()) {
    std::string made;
    if (prepared.options.solve.attest.sbom && outcome.warnings.empty()) made += " SBOM";
    if (prepared.options.solve.attest.provenance) made += " provenance";
    if (!made.empty()) lines.push_back("attested" + made);
  }
  const filesync::transfer_stats& sent = outcome.context;
  lines.push_back(fmt::format("context  {} of {} files sent, {} of {}", sent.files_transferred, sent.files,
                              human_bytes(sent.bytes_transferred), human_bytes(sent.bytes_listed)));
  std::size_t cached = 0;
  for (const std::uint32_t index : picture.shown())
    if (picture.steps()[index].state == progress::step_state::cached) ++cached;
  lines.push_back(fmt::format("steps    {} ({} cached)", picture.visible_count(), cached));
  lines.push_back(fmt::format("time     {}", human_time(took)));
  return lines;
}

}  // namespace peelbox::cli
