// What the log viewers of CI services understand beside text: groups that fold, and remarks at lines of files.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/progress/event.hpp"

namespace peelbox::progress {

/// Pure. `github` is what runners of GitHub Actions read (docs.github.com, "Workflow commands"), `gitlab` what GitLab's job log
/// reads (docs.gitlab.com, "Custom collapsible sections").
enum class ci_log { none, github, gitlab };

/// Both services set their variable to "true" in every job. std::nullopt: not set.
ci_log choose_ci_log(const std::optional<std::string>& github_actions, const std::optional<std::string>& gitlab_ci);

/// A line that begins a group with this title. `number` tells the groups of a log apart. Both services fold by line, and
/// neither nests: a group has to be closed before the next one opens.
void open_group(ci_log kind, std::size_t number, std::string_view title, wall_time now, std::string& out);
void close_group(ci_log kind, std::size_t number, wall_time now, std::string& out);

/// Makes text from `begin` to the end of `text` mean nothing to the service: what a build prints must give no commands to the
/// runner. GitHub takes "::name::" at the beginning of a line and "##[name]" anywhere in it.
void disarm(ci_log kind, std::string& text, std::size_t begin = 0);
/// The same for lines that begin with words of ours.
void disarm_inside(ci_log kind, std::string& text, std::size_t begin = 0);

/// A remark at a line of a file of the repository.
struct file_remark {
  std::string file;       ///< relative to the repository; empty: at no file
  std::size_t line = 0;   ///< from 1; 0: at no line
  std::string title;
  std::string message;    ///< may have several lines
};

/// The line that makes it an error; empty where the service has no such remarks (GitLab shows reports, not log lines).
std::string error_remark(ci_log kind, const file_remark& remark);

/// The place that a message of ours begins with, as in "universalbuild.json:12: runtime.ports[1]: expected …"; the rest is the
/// message. std::nullopt for a line without one.
std::optional<file_remark> remark_at_place(std::string_view line);

}  // namespace peelbox::progress
