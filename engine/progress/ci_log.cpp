#include "engine/progress/ci_log.hpp"

#include <charconv>

#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {
namespace {

// GitHub cuts messages at 64 KiB and shows the first lines.
constexpr std::size_t most_message_bytes = 4096;

/// toolkit, packages/core/src/command.ts: escapeData, and escapeProperty for values before the text.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') out += "%25";
    else if (c == '\r') out += "%0D";
    else if (c == '\n') out += "%0A";
    else if (property && c == ':') out += "%3A";
    else if (property && c == ',') out += "%2C";
    else out += c;
  }
  return out;
}

std::string section(std::size_t number) { return "peelbox_" + std::to_string(number); }

std::string seconds(wall_time now) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

void insert_in_each(std::string& text, std::size_t begin, std::string_view mark, std::size_t where) {
  for (std::size_t at = text.find(mark, begin); at != std::string::npos; at = text.find(mark, at + mark.size())) text.insert(at + where, " ");
}

}  // namespace

ci_log choose_ci_log(const std::optional<std::string>& github_actions, const std::optional<std::string>& gitlab_ci) {
  if (github_actions == "true") return ci_log::github;
  if (gitlab_ci == "true") return ci_log::gitlab;
  return ci_log::none;
}

void open_group(ci_log kind, std::size_t number, std::string_view title, wall_time now, std::string& out) {
  const std::size_t begin = out.size();
  if (kind == ci_log::gitlab)
    out.append("\x1b[0Ksection_start:").append(seconds(now)).append(":").append(section(number)).append("[collapsed=true]\r\x1b[0K");
  else if (kind == ci_log::github) out.append("::group::");
  out.append(kind == ci_log::github ? escaped(title, false) : std::string(title)).push_back('\n');
  disarm_inside(kind, out, begin);
}

void close_group(ci_log kind, std::size_t number, wall_time now, std::string& out) {
  if (kind == ci_log::gitlab) out.append("\x1b[0Ksection_end:").append(seconds(now)).append(":").append(section(number)).append("\r\x1b[0K\n");
  else if (kind == ci_log::github) out.append("::endgroup::\n");
}

void disarm_inside(ci_log kind, std::string& text, std::size_t begin) {
  if (kind == ci_log::github) insert_in_each(text, begin, "##[", 2);
}

void disarm(ci_log kind, std::string& text, std::size_t begin) {
  if (kind != ci_log::github) return;
  disarm_inside(kind, text, begin);
  // The runner skips blanks before a command.
  for (std::size_t line = begin; line < text.size();) {
    const std::size_t word = text.find_first_not_of(" \t", line);
    if (word != std::string::npos && text.compare(word, 2, "::") == 0) text.insert(word + 1, " ");
    const std::size_t end = text.find('\n', line);
    if (end == std::string::npos) break;
    line = end + 1;
  }
}

std::string error_remark(ci_log kind, const file_remark& remark) {
  if (kind != ci_log::github) return {};
  std::string where;
  const auto add = [&where](std::string_view name, std::string_view value) {
    where.append(where.empty() ? " " : ",").append(name).append("=").append(escaped(value, true));
  };
  if (!remark.file.empty()) add("file", remark.file);
  if (!remark.file.empty() && remark.line > 0) add("line", std::to_string(remark.line));
  if (!remark.title.empty()) add("title", remark.title);
  std::string message = escaped(sanitize(std::string_view(remark.message).substr(0, most_message_bytes)), false);
  insert_in_each(message, 0, "##[", 2);
  return "::error" + where + "::" + message;
}

std::optional<file_remark> remark_at_place(std::string_view line) {
  const std::size_t first = line.find(':');
  if (first == 0 || first == std::string_view::npos) return std::nullopt;
  const std::size_t second = line.find(": ", first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  file_remark found;
  const std::string_view number = line.substr(first + 1, second - first - 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), found.line);
  if (error != std::errc() || end != number.data() + number.size() || found.line == 0) return std::nullopt;
  found.file = line.substr(0, first);
  found.message = line.substr(second + 2);
  return found;
}

}  // namespace peelbox::progress
