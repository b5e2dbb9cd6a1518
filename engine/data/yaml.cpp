#include "engine/data/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace peelbox::data {
namespace {

/// Aliases are expanded, which the count bounds.
bool convert(const YAML::Node& from, std::size_t depth, std::size_t& count, value& out) {
  if (depth > max_value_depth || ++count > max_values) return false;
  switch (from.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return true;
    case YAML::NodeType::Scalar:
      out.type = value::kind::string;
      out.text = from.Scalar();
      return true;
    case YAML::NodeType::Sequence:
      out.type = value::kind::array;
      for (const YAML::Node& item : from)
        if (!convert(item, depth + 1, count, out.items.emplace_back())) return false;
      return true;
    case YAML::NodeType::Map:
      out.type = value::kind::object;
      for (const auto& member : from) {
        if (!member.first.IsScalar()) continue;
        out.members.push_back({member.first.Scalar(), value()});
        if (!convert(member.second, depth + 1, count, out.members.back().content)) return false;
      }
      return true;
  }
  return true;
}

}  // namespace

result<value> parse_yaml(std::string_view text) {
  try {
    value out;
    std::size_t count = 0;
    if (!convert(YAML::Load(std::string(text)), 0, count, out))
      return failure(errc::limit, "YAML: too deep or too many values", origin::user);
    return out;
  } catch (const YAML::Exception& error) {
    return failure(errc::usage, fmt::format("YAML:{}: {}", error.mark.line + 1, error.msg), origin::user);
  }
}

}  // namespace peelbox::data
