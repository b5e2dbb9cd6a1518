// A recorded build as files: a page for people, events for Perfetto.
#pragma once

#include <string>

#include "engine/progress/build_record.hpp"

namespace peelbox::progress {

/// One self-contained HTML page that loads nothing from a network. Names, errors and logs are data in it, which scripts
/// put into text nodes only.
std::string timeline_html(const build_picture& build);

/// The JSON object format of Chrome's trace events (Trace Event Format, "JSON Object Format"): steps in as few lanes as
/// do not overlap, arrows from inputs to the steps that waited for them, and what was pulled, pushed and sent in lanes
/// of their own. Times are microseconds since the build began.
std::string chrome_trace(const build_picture& build);

}  // namespace peelbox::progress
