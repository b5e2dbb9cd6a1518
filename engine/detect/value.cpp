#include "engine/detect/value.hpp"

#include "engine/spec/json_tree.hpp"

namespace peelbox::detect {
namespace {

value converted(const spec::json_value& from) {
  using from_kind = spec::json_value::kind;
  value out;
  switch (from.type) {
    case from_kind::null: break;
    case from_kind::boolean: out.type = value::kind::boolean; break;
    case from_kind::number: out.type = value::kind::number; break;
    case from_kind::string: out.type = value::kind::string; break;
    case from_kind::array: out.type = value::kind::array; break;
    case from_kind::object: out.type = value::kind::object; break;
  }
  out.text = from.text;
  for (const spec::json_value& item : from.items) out.items.push_back(converted(item));
  for (const spec::json_member& member : from.members) out.members.push_back({member.key, converted(member.value)});
  return out;
}

/// Comments become blanks and trailing commas vanish; positions and lines stay.
std::string plain_json(std::string_view text) {
  std::string out(text);
  std::size_t comma = std::string::npos;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char c = out[i];
    if (c == '"') {
      comma = std::string::npos;
      for (++i; i < out.size() && out[i] != '"'; ++i)
        if (out[i] == '\\') ++i;
    } else if (c == '/' && i + 1 < out.size() && out[i + 1] == '/') {
      for (; i < out.size() && out[i] != '\n'; ++i) out[i] = ' ';
    } else if (c == '/' && i + 1 < out.size() && out[i + 1] == '*') {
      const std::size_t end = std::min(out.find("*/", i + 2), out.size());
      for (; i < out.size() && i < end + 2; ++i)
        if (out[i] != '\n') out[i] = ' ';
      --i;
    } else if (c == ',') {
      comma = i;
    } else if (c == ']' || c == '}') {
      if (comma != std::string::npos) out[comma] = ' ';
      comma = std::string::npos;
    } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      comma = std::string::npos;
    }
  }
  return out;
}

}  // namespace

result<value> parse_json(std::string_view text) {
  const std::string plain = plain_json(text);
  auto tree = spec::parse_json(plain, "JSON", {plain.size() + 1, max_value_depth, max_values});
  if (tree.has_error()) return tree.error();
  return converted(*tree);
}

}  // namespace peelbox::detect
