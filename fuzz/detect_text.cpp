// The parsers behind detection on their own: JSON with comments, TOML, YAML and XML as trees within their bounds; then
// Dockerfiles, Procfiles, commands, versions and patterns. The first byte chooses one.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/detect/dockerfile.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::detect;

namespace {

std::size_t count(const value& v, std::size_t depth) {
  // The document itself, and what XML puts around an element.
  require(depth <= max_value_depth + 2);
  std::size_t sum = 1;
  for (const value& item : v.items) sum += count(item, depth + 1);
  for (const value_member& member : v.members) {
    require(v.has(member.key));
    require(!all(v, member.key).empty());
    sum += count(member.content, depth + 1);
  }
  (void)v.texts();
  return sum;
}

void tree(const result<value>& parsed) {
  if (parsed.has_error()) return require(!parsed.error().text.empty());
  require(count(*parsed, 0) <= 2 * max_values);
}

void dockerfile(std::string_view text) {
  const dockerfile_facts facts = read_dockerfile(text);
  for (const auto& [name, content] : facts.env) require(!name.empty());
  require(facts.health.empty() || facts.health.front() == '/');
}

void commands(std::string_view text) {
  for (const auto& [type, command] : read_procfile(text)) {
    require(!type.empty());
    (void)as_command(command);
    (void)port_in_command(command);
  }
  (void)port_of(text);
  const std::string health = health_path_of(text);
  require(health.empty() || health.front() == '/');
}

void names_and_paths(std::string_view text) {
  const std::size_t middle = text.size() / 2;
  const std::string_view a = text.substr(0, middle);
  const std::string_view b = text.substr(middle);
  (void)path_matches(a, b);
  if (a.find_first_of("*?") == std::string_view::npos) require(name_matches(a, b) == (a == b));
  require(!(version_less(a, b) && version_less(b, a)));
  (void)version_prefix(first_version(a), 2);
  (void)quoted_after(a, a.size() / 2);
  if (const auto path = resolve(a, b)) require(!path->starts_with("../") && *path != "..");
  const std::string usual = normalised(text);
  require(usual.find("\r\n") == std::string::npos);
  if (is_utf8(text)) require(is_utf8(usual));
  require(!shell_word(a).empty());
  (void)words_of(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0: tree(parse_json(text)); break;
    case 1: tree(parse_toml(text)); break;
    case 2: tree(parse_yaml(text)); break;
    case 3: tree(parse_xml(text)); break;
    case 4: dockerfile(text); break;
    case 5: commands(text); break;
    default: names_and_paths(text); break;
  }
  return 0;
}
