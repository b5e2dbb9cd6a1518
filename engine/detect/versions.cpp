#include "engine/detect/versions.hpp"

#include <array>

#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {

std::string take_version(analysis& work, std::string_view tool, std::string_view text, std::string_view from,
                         confidence how) {
  std::string version = first_version(text);
  if (tool == "node") {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> names{
        {{"argon", "4"}, {"gallium", "16"}, {"hydrogen", "18"}, {"iron", "20"}, {"jod", "22"}, {"krypton", "24"}, {"lts/*", ""}}};
    for (const auto& [name, number] : names)
      if (contains(lower(text), name)) version = number;
    // The newest one with long support is what is taken without a wish, too.
    if (version.empty()) work.because("node version", trim(text), from, how);
  }
  if (!version.empty()) work.because(std::string(tool) + " version", version, from, how);
  return version;
}

std::string version_in_file(analysis& work, std::string_view file, std::string_view tool) {
  const std::string path = work.first_upwards({file});
  const std::string* text = path.empty() ? nullptr : work.files.read(path);
  if (!text) return {};
  for (const std::string_view line : lines_of(*text)) {
    const std::string_view entry = trim(line.substr(0, line.find('#')));
    if (entry.empty()) continue;
    return take_version(work, tool, entry, path, confidence::certain);
  }
  return {};
}

std::string version_of_tool_files(analysis& work, std::string_view tool) {
  const std::string also = tool == "node" ? "nodejs" : tool == "go" ? "golang" : std::string(tool);
  if (const std::string path = work.first_upwards({".tool-versions"}); !path.empty()) {
    if (const std::string* text = work.files.read(path)) {
      for (const std::string_view line : lines_of(*text)) {
        const auto words = words_of(line.substr(0, line.find('#')));
        if (words.size() >= 2 && (words[0] == tool || words[0] == also))
          return take_version(work, tool, words[1], path, confidence::certain);
      }
    }
  }
  const std::string path = work.first_upwards({"mise.toml", ".mise.toml"});
  const std::string* text = path.empty() ? nullptr : work.files.read(path);
  if (!text) return {};
  const auto tree = parse_toml(*text);
  if (tree.has_error()) {
    work.files.add_note(path, tree.error().text);
    return {};
  }
  for (const std::string_view name : {tool, std::string_view(also)}) {
    const value& entry = (*tree)["tools"][name];
    const std::string& version = entry.is(value::kind::object) ? entry["version"].text : entry.text;
    if (!version.empty()) return take_version(work, tool, version, path, confidence::certain);
  }
  return {};
}

}  // namespace peelbox::detect
