// Configuration files in JavaScript and TypeScript. They are programs; what counts is a literal behind a key.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// The text of the first `key: "text"` in the first of the files that has one; "" when there is none, or the value is
/// no literal.
std::string js_config_text(analysis& work, std::initializer_list<std::string_view> files, std::string_view key);
/// Whether one of the files has `key: wanted`, with or without quotes around the value.
bool js_config_says(analysis& work, std::initializer_list<std::string_view> files, std::string_view key, std::string_view wanted);

struct svelte_adapter {
  std::string name;      ///< "node", "static", "auto", …
  std::string out;       ///< directory that its options name
  std::string fallback;  ///< page for paths without a file
};
/// That of svelte.config.js; where a condition chooses, the one that is taken without it. Else the only dependency.
svelte_adapter find_svelte_adapter(analysis& work, const std::set<std::string>& dependencies);

}  // namespace peelbox::detect
