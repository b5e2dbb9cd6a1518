// A template of --format, a zero byte, and the JSON that it prints values of: no crash, errors with a column, what is no template stays as it is.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "cli/template_evaluate.hpp"
#include "engine/data/json.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::cli;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, all.find('\0'));
  const auto parsed = parse_template(text);
  if (parsed.has_error()) {
    require(parsed.error().text.starts_with("--format") && parsed.error().text.size() < 1000 + size);
    return 0;
  }
  require(text.find("{{") != text.npos || parsed->pieces.empty() || parsed->pieces.front().text == text);
  if (const auto needs = needs_of(*parsed, {"Name", "Image", "SBOM"}); needs.has_error()) {
    require(needs.error().text.starts_with("--format, column "));
    return 0;
  }
  const auto tree = data::parse_json(all.substr(std::min(text.size() + 1, size)), "f");
  constexpr std::string_view may_be_absent[] = {"config", "Labels"};
  template_data with;
  if (tree.has_value()) with.whole = *tree;
  with.members.push_back({"Name", "a name", {}, {}});
  with.members.push_back({"Image", with.whole, may_be_absent, {}});
  with.members.push_back({"SBOM", with.whole, {}, {"linux/amd64", "linux/arm64"}});
  const auto printed = evaluate_template(*parsed, with);
  if (printed.has_error()) require(printed.error().text.starts_with("--format"));
  else require(printed->size() <= most_template_output);
  return 0;
}
