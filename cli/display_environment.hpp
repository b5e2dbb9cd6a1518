// Variables that change how a build looks, with the names that buildctl and buildx give them.
#pragma once

#include <string>
#include <vector>

#include "engine/client/find.hpp"
#include "engine/progress/display.hpp"

namespace peelbox::cli {

/// The CI service that this runs in, as far as its log has more than text: by GITHUB_ACTIONS and GITLAB_CI.
progress::ci_log ci_log_of(const environment& env);

/// Reads those two, NO_COLOR (an empty value counts as not set, no-color.org), BUILDKIT_COLORS and BUILDKIT_TTY_LOG_LINES (BuildKit,
/// util/progress/progressui/init.go). Returns what was ignored in them, for people.
std::vector<std::string> use_display_environment(progress::display_options& options, const environment& env);

}  // namespace peelbox::cli
