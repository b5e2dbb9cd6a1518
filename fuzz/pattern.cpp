// Lines of patterns, a zero byte, then paths by lines. Matching must end, and pruning must agree with
// matching.
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/filesync/glob.hpp"
#include "engine/filesync/path_order.hpp"
#include "engine/filesync/pattern.hpp"

using namespace peelbox;
using namespace peelbox::filesync;

namespace {
std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    all.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(input.find('\0'), input.size());
  const auto patterns = lines(input.substr(0, split));
  const auto set = pattern_set::compile(patterns);
  if (!set) return 0;
  for (const auto& path : lines(input.substr(std::min(split + 1, size)))) {
    if (path_problem(path)) continue;
    pattern_set::parent_info parent;
    bool above = false;
    bool fixed = false;  // nothing below can differ from `above`
    for (std::size_t end = 0; end < path.size();) {
      end = std::min(path.find('/', end + 1), path.size());
      const std::string_view prefix = std::string_view(path).substr(0, end);
      pattern_set::parent_info info;
      const bool matched = set->matches(prefix, parent, info);
      if (fixed && matched != above) std::abort();
      above = matched;
      fixed = !set->may_match_below(prefix, matched);
      parent = info;
    }
    match_glob(patterns.empty() ? "" : patterns.front(), path);
  }
  return 0;
}
