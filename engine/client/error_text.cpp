#include "engine/client/error_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/client/error_details.hpp"
#include "engine/client/error_hints.hpp"
#include "engine/client/process_message.hpp"
#include "engine/progress/format.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::client {
namespace {

using progress::sanitize;
using progress::sanitize_line;

constexpr std::string_view rule = "--------------------";
constexpr std::size_t most_source_lines = 40;
constexpr std::size_t most_running_named = 5;

// The step that the daemon names, else the first one that failed in the picture.
const progress::step* failed_step(const error_details& details, const progress::trace& picture) {
  for (const std::string& digest : details.vertices) {
    if (const progress::step* const s = picture.find(digest)) return s;
  }
  for (const std::uint32_t i : picture.shown()) {
    if (picture.steps()[i].state == progress::step_state::failed) return &picture.steps()[i];
  }
  return nullptr;
}

void append_indented(std::string_view label, const std::string& text, std::string& out) {
  out.append("\n  ").append(label);
  for (const char c : text) {
    out.push_back(c);
    if (c == '\n') out.append(label.size() + 2, ' ');
  }
}

// The lines around a place, in buildctl's form: two above and below a single line, one around a longer piece
// (solver/errdefs/source.go).
void append_source(const error_source& source, std::string& out) {
  std::int64_t first = source.ranges.front().first;
  std::int64_t last = source.ranges.front().last;
  for (const line_range& range : source.ranges) {
    first = std::min(first, range.first);
    last = std::max(last, range.last);
  }
  const auto count = static_cast<std::int64_t>(source.lines.size());
  out.append("\n").append(sanitize_line(source.filename.empty() ? "source" : source.filename, 256));
  out.append(":").append(std::to_string(first));
  if (first > count) return;
  last = std::min(last, count);
  const int around = first == last ? 2 : 1;
  const std::int64_t from = std::max<std::int64_t>(first - around, 1);
  const std::int64_t to = std::min({last + around, count, from + static_cast<std::int64_t>(most_source_lines)});
  out.append("\n").append(rule);
  for (std::int64_t line = from; line <= to; ++line) {
    const bool inside = std::any_of(source.ranges.begin(), source.ranges.end(),
                                    [&](const line_range& r) { return line >= r.first && line <= r.last; });
    std::string text = sanitize(std::string_view(source.lines[static_cast<std::size_t>(line - 1)]).substr(0, 1024));
    out.append(fmt::format("\n {:3} | {} {}", line, inside ? ">>>" : "   ", text));
  }
  out.append("\n").append(rule);
}

/// The steps that were running when the daemon went away.
void append_running(const progress::trace& picture, std::string& out) {
  std::size_t named = 0;
  for (const std::uint32_t index : picture.shown()) {
    const progress::step& step = picture.steps()[index];
    if (step.state != progress::step_state::running || step.name.empty()) continue;
    if (++named > most_running_named) {
      out.append("\n             …");
      return;
    }
    append_indented("running:   ", step.name, out);
  }
}

}  // namespace

std::vector<std::string> paths_missed(const failure& why, const progress::trace& picture, std::string_view directory) {
  if (why.code != errc::remote) return {};
  const error_details details = why.status ? read_error_details(*why.status) : error_details();
  const progress::step* const step = failed_step(details, picture);
  std::vector<std::string_view> lines;
  if (step != nullptr)
    for (std::size_t i = 0; i < step->tail.size(); ++i) lines.push_back(step->tail[i].text);
  const std::string_view said = why.status && !why.status->message.empty() ? std::string_view(why.status->message) : why.text;
  // The message about a process repeats its command, whose words are no complaint.
  if (command_in(said, "").empty()) lines.push_back(said);
  return paths_missed(lines, directory);
}

std::string clipped_advice(std::string_view notice) {
  return sanitize_line(notice) + " by the daemon: where buildkitd runs, BUILDKIT_STEP_LOG_MAX_SIZE (bytes) and "
         "BUILDKIT_STEP_LOG_MAX_SPEED (bytes per second) set the limits of one step's output; -1 removes them";
}

std::string error_message(const failure& why, const progress::trace& picture, std::size_t most_bytes) {
  const error_details details = why.status ? read_error_details(*why.status) : error_details();
  const progress::step* const step = why.code == errc::remote ? failed_step(details, picture) : nullptr;
  std::string out = sanitize(readable_message(std::string_view(why.text).substr(0, most_bytes), step != nullptr ? std::string_view(step->name) : ""));
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

std::optional<source_place> place_in_source(const failure& why) {
  if (!why.status) return std::nullopt;
  const error_details details = read_error_details(*why.status);
  if (details.sources.empty() || details.sources.front().filename.empty()) return std::nullopt;
  source_place place;
  place.file = sanitize_line(details.sources.front().filename, 256);
  std::int64_t first = details.sources.front().ranges.front().first;
  for (const line_range& range : details.sources.front().ranges) first = std::min(first, range.first);
  place.line = static_cast<std::size_t>(std::max<std::int64_t>(first, 1));
  return place;
}

std::string error_text(const failure& why, const progress::trace& picture, const error_text_options& options) {
  std::string out = error_message(why, picture, options.most_message_bytes);
  const error_details details = why.status ? read_error_details(*why.status) : error_details();
  const std::string_view said = why.status && !why.status->message.empty()
                                    ? std::string_view(why.status->message)
                                    : std::string_view(why.text).substr(0, options.most_message_bytes);
  const std::optional<std::int64_t> exit_code = details.exit_code ? details.exit_code : exit_code_in(said);
  // A failure of our own side is not the fault of a step, even if it stopped one.
  const progress::step* const step = why.code == errc::remote ? failed_step(details, picture) : nullptr;

  if (step != nullptr && !step->name.empty()) append_indented("step:      ", step->name, out);
  else if (!details.description.empty()) append_indented("step:      ", sanitize_line(details.description), out);
  if (const std::string command = command_in(said, step != nullptr ? std::string_view(step->name) : ""); !command.empty()) {
    std::string clean = sanitize(command);
    while (!clean.empty() && clean.back() == '\n') clean.pop_back();
    append_indented("command:   ", clean, out);
  }
  if (why.code == errc::lost) append_running(picture, out);
  if (exit_code) append_indented("exit code: ", std::to_string(*exit_code), out);
  for (const std::string& denial : details.denials) append_indented("policy:    ", sanitize_line(denial), out);
  for (const error_source& source : details.sources) append_source(source, out);

  hint_question about;
  about.code = why.code;
  about.who = why.who;
  about.message = said;
  if (why.status) about.status = why.status->code;
  if (why.code == errc::remote) about.exit_code = exit_code;
  if (step != nullptr) {
    for (std::size_t i = 0; i < step->tail.size(); ++i) about.log_tail.push_back({step->tail[i].stream, step->tail[i].text});
    if (options.log_lines) {
      std::string block = "\n";
      progress::append_error_block(*step, options.most_log_lines, block);
      block.pop_back();
      out.append(block);
    }
  }
  if (step != nullptr && !step->clipped.empty()) append_indented("clipped:   ", clipped_advice(step->clipped), out);
  if (options.left_out) {
    append_indented("cause:     ",
                    sanitize_line(options.left_out->path + " is in the context directory, but an ignore rule keeps it from the build: " +
                                  options.left_out->rule), out);
    append_indented("try:       ",
                    "remove that rule, or allow the file after it with a line !" + sanitize_line(options.left_out->path), out);
  } else if (const auto hint = find_hint(about)) {
    append_indented("cause:     ", sanitize_line(hint->cause), out);
    append_indented("try:       ", sanitize_line(hint->advice), out);
  }
  return out;
}

}  // namespace peelbox::client
