// Sites that a file server serves.
#pragma once

#include <string_view>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// Caddy on the files in `dir`, a path of the repository ("" is its root). `single_page`: paths without a file are answered with index.html,
/// because the page routes in the browser; with `fallback_page`.
void serve_tree(analysis& work, std::string_view dir, std::string_view from, bool single_page = false,
                std::string_view fallback_page = "index.html");

}  // namespace peelbox::detect
