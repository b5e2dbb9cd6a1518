// Files that a web server hands out as they are.
#pragma once

#include <string_view>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// `dir` (relative to the service) goes to /srv, and Caddy serves it on port 8080 or the hinted one.
void serve_static_files(analysis& work, std::string_view dir, std::string_view from);

}  // namespace peelbox::detect
