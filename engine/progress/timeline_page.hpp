// The timeline's page, without a build in it.
#pragma once

#include <string_view>

namespace peelbox::progress {

/// timeline.html; "{{DATA}}" stands where the build's JSON belongs.
extern const std::string_view timeline_page;

}  // namespace peelbox::progress
