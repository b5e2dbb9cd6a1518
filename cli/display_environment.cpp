#include "cli/display_environment.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

namespace peelbox::cli {

namespace {

constexpr unsigned most_log_lines = 1000;

}  // namespace

progress::ci_log ci_log_of(const environment& env) { return progress::choose_ci_log(env("GITHUB_ACTIONS"), env("GITLAB_CI")); }

std::vector<std::string> use_display_environment(progress::display_options& options, const environment& env) {
  std::vector<std::string> ignored;
  if (const std::string text = env("BUILDKIT_TTY_LOG_LINES").value_or(""); !text.empty()) {
    unsigned lines = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, lines);
    if (error == std::errc() && end == last && lines > 0 && lines <= most_log_lines) options.tty_log_lines = lines;
    else ignored.push_back(fmt::format("BUILDKIT_TTY_LOG_LINES={} is ignored: it is a number from 1 to {}", text, most_log_lines));
  }
  options.ci = ci_log_of(env);
  options.color = env("NO_COLOR").value_or("").empty();
  if (!options.color) return ignored;
  options.colors = progress::colors_for(env("COLORFGBG").value_or("").c_str());
  for (std::string& what : progress::choose_colors(env("BUILDKIT_COLORS").value_or(""), options.colors))
    ignored.push_back(std::move(what));
  return ignored;
}

}  // namespace peelbox::cli
