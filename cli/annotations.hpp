// Failures as the log viewers of CI services show them beside the files of a change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/progress/ci_log.hpp"

namespace peelbox::cli {

/// At most this many for one failure: GitHub shows ten errors of a step.
inline constexpr std::size_t most_annotations = 10;

/// Lines that tell the service of a failure, to be said as they are; none for services without such lines. Each line of the
/// failure's text that begins with a place ("universalbuild.json:12: …") is one; else there is one for the place that the daemon
/// names, or for no file. `title` is what was being done, `message` the failure as people were told it. Pure.
std::vector<std::string> annotations(progress::ci_log kind, const failure& why, std::string_view title, std::string_view message);

}  // namespace peelbox::cli
