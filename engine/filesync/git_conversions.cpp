#include "engine/filesync/git_conversions.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::array<std::string_view, 6> converting{"text", "eol", "crlf", "filter", "ident", "working-tree-encoding"};

/// The next word; empty at the end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

// "-text" and "!text" are what turns it off.
bool converts(std::string_view attribute) {
  const std::string_view name = attribute.substr(0, attribute.find('='));
  return std::find(converting.begin(), converting.end(), name) != converting.end();
}

}  // namespace

void git_conversions::add(std::string_view text, std::string_view directory) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view pattern = take_word(line);
    if (pattern.empty() || pattern.starts_with('#')) continue;
    bool any = false;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) any = any || converts(word);
    if (!any) continue;
    // A macro may be used anywhere; a quoted pattern may have escapes.
    if (pattern.starts_with("[attr]")) {
      add_unknown("");
      continue;
    }
    const std::string_view last = base_name(pattern);
    const bool suffix = last.starts_with('*');
    const std::string_view end = suffix ? last.substr(1) : last;
    if (pattern.starts_with('"') || end.find_first_of("*?[\\") != end.npos) add_unknown(directory);
    else rules_.push_back({std::string(directory), lower(end), !suffix && !end.empty()});
  }
}

bool git_conversions::may_convert(std::string_view path) const {
  if (rules_.empty()) return false;
  const std::string name = lower(base_name(path));
  return std::any_of(rules_.begin(), rules_.end(), [&](const rule& r) {
    return is_below(path, r.directory) && (r.whole ? name == r.end : name.ends_with(r.end));
  });
}

}  // namespace peelbox::filesync
