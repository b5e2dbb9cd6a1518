#include "cli/warning_list.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/progress/renderer.hpp"

namespace peelbox::cli {

namespace {

constexpr std::size_t most_warnings = 1000;

}  // namespace

bool wants_metadata_warnings(const std::string& variable) {
  constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "true", "TRUE", "True"};
  return std::find(yes.begin(), yes.end(), variable) != yes.end();
}

void warning_list::update(const progress::batch& events, const progress::trace&, progress::wall_time) {
  for (const progress::warning& one : events.warnings) {
    if (count_ == most_warnings) return;
    if (count_++ > 0) objects_ += ',';
    progress::append_json_warning(one, objects_);
  }
}

}  // namespace peelbox::cli
