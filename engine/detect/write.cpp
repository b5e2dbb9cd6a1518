#include "engine/detect/write.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

using kind = value::kind;

value scalar(std::string text, kind type = kind::string) {
  value out;
  out.type = type;
  out.text = std::move(text);
  return out;
}
value object() {
  value out;
  out.type = kind::object;
  return out;
}
value strings(const std::vector<std::string>& from) {
  value out;
  out.type = kind::array;
  for (const std::string& text : from) out.items.push_back(scalar(text));
  return out;
}
value map_of(const std::map<std::string, std::string>& from) {
  value out = object();
  for (const auto& [key, text] : from) out.members.push_back({key, scalar(text)});
  return out;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
          out += c;
    }
  }
  return out + "\"";
}

void json(const value& tree, std::size_t depth, std::string& out) {
  const std::string indent(2 * (depth + 1), ' ');
  const std::string outdent(2 * depth, ' ');
  switch (tree.type) {
    case kind::null: out += "null"; return;
    case kind::boolean:
    case kind::number: out += tree.text; return;
    case kind::string: out += in_quotes(tree.text); return;
    case kind::array: {
      if (tree.items.empty()) {
        out += "[]";
        return;
      }
      out += "[\n";
      for (std::size_t i = 0; i < tree.items.size(); ++i) {
        out += indent;
        json(tree.items[i], depth + 1, out);
        out += i + 1 < tree.items.size() ? ",\n" : "\n";
      }
      out += outdent + "]";
      return;
    }
    case kind::object: {
      if (tree.members.empty()) {
        out += "{}";
        return;
      }
      std::vector<const value_member*> sorted;
      for (const auto& member : tree.members) sorted.push_back(&member);
      std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
      out += "{\n";
      for (std::size_t i = 0; i < sorted.size(); ++i) {
        out += indent + in_quotes(sorted[i]->key) + ": ";
        json(sorted[i]->content, depth + 1, out);
        out += i + 1 < sorted.size() ? ",\n" : "\n";
      }
      out += outdent + "}";
      return;
    }
  }
}

bool is_empty(const value& v) {
  return (v.is(kind::array) && v.items.empty()) || (v.is(kind::object) && v.members.empty());
}

/// Strings are quoted as JSON quotes them, which YAML reads the same way; so nothing is taken for a number or a date.
void yaml_scalar(const value& tree, std::string& out) {
  if (tree.is(kind::string))
    out += in_quotes(tree.text);
  else if (is_empty(tree))
    out += tree.is(kind::array) ? "[]" : "{}";
  else
    out += tree.is(kind::null) ? "null" : tree.text;
}

bool is_plain_key(std::string_view key) { return !key.empty() && std::all_of(key.begin(), key.end(), is_word) && !is_digit(key[0]); }

/// The cursor stands where the first line of the block may begin.
void yaml(const value& tree, std::size_t depth, std::string& out) {
  const std::string indent(depth, ' ');
  const auto put = [&](const value& inner, std::size_t inner_depth, std::string_view before_scalar,
                       std::string_view before_block) {
    const bool block = (inner.is(kind::array) || inner.is(kind::object)) && !is_empty(inner);
    out += block ? before_block : before_scalar;
    if (block) {
      yaml(inner, inner_depth, out);
    } else {
      yaml_scalar(inner, out);
      out += '\n';
    }
  };
  if (tree.is(kind::array)) {
    for (std::size_t i = 0; i < tree.items.size(); ++i) {
      if (i > 0) out += indent;
      put(tree.items[i], depth + 2, "- ", "- ");
    }
    return;
  }
  for (std::size_t i = 0; i < tree.members.size(); ++i) {
    if (i > 0) out += indent;
    const auto& [key, member] = tree.members[i];
    out += is_plain_key(key) ? key : in_quotes(key);
    put(member, depth + 2, ": ", ":\n" + std::string(depth + 2, ' '));
  }
}

value array_of(const detection& found) {
  value out;
  out.type = kind::array;
  for (const found_service& s : found.services) out.items.push_back(to_value(s.spec));
  return out;
}

value secrets(const std::vector<spec::secret_use>& uses) {
  value out;
  out.type = kind::array;
  for (const spec::secret_use& use : uses) {
    value& one = out.items.emplace_back(object());
    one.members.push_back({"id", scalar(use.id)});
    if (!use.to.empty()) one.members.push_back({"to", scalar(use.to)});
    if (!use.env.empty()) one.members.push_back({"env", scalar(use.env)});
    if (!use.optional) continue;
    value optional;
    optional.type = kind::boolean;
    optional.text = "true";
    one.members.push_back({"optional", std::move(optional)});
  }
  return out;
}

}  // namespace

value to_value(const spec::universal_build& service) {
  value metadata = object();
  const auto& m = service.metadata;
  if (!m.project_name.empty()) metadata.members.push_back({"project_name", scalar(m.project_name)});
  metadata.members.push_back({"language", scalar(m.language)});
  metadata.members.push_back({"build_system", scalar(m.build_system)});
  if (!m.framework.empty()) metadata.members.push_back({"framework", scalar(m.framework)});
  metadata.members.push_back({"reasoning", scalar(m.reasoning)});

  value build = object();
  build.members.push_back({"packages", strings(service.build.packages)});
  build.members.push_back({"env", map_of(service.build.env)});
  build.members.push_back({"commands", strings(service.build.commands)});
  build.members.push_back({"cache", strings(service.build.cache)});
  // Nothing is detected that needs them, so they are not there as empty lists either.
  if (!service.build.secrets.empty()) build.members.push_back({"secrets", secrets(service.build.secrets)});
  if (!service.build.ssh.empty()) build.members.push_back({"ssh", strings(service.build.ssh)});

  value runtime = object();
  runtime.members.push_back({"packages", strings(service.runtime.packages)});
  runtime.members.push_back({"env", map_of(service.runtime.env)});
  value copies;
  copies.type = kind::array;
  for (const spec::copy_entry& entry : service.runtime.copy) {
    value& copy = copies.items.emplace_back(object());
    copy.members.push_back({"from", scalar(entry.from)});
    copy.members.push_back({"to", scalar(entry.to)});
  }
  runtime.members.push_back({"copy", std::move(copies)});
  runtime.members.push_back({"command", strings(service.runtime.command)});
  value ports;
  ports.type = kind::array;
  for (const std::uint16_t port : service.runtime.ports) ports.items.push_back(scalar(std::to_string(port), kind::number));
  runtime.members.push_back({"ports", std::move(ports)});
  if (service.runtime.health) {
    value health = object();
    health.members.push_back({"endpoint", scalar(service.runtime.health->endpoint)});
    runtime.members.push_back({"health", std::move(health)});
  }

  value out = object();
  out.members.push_back({"version", scalar(service.version)});
  out.members.push_back({"metadata", std::move(metadata)});
  out.members.push_back({"build", std::move(build)});
  out.members.push_back({"runtime", std::move(runtime)});
  return out;
}

std::string to_json(const value& tree) {
  std::string out;
  json(tree, 0, out);
  return out + "\n";
}

std::string to_yaml(const value& tree) {
  std::string out;
  if ((tree.is(kind::array) || tree.is(kind::object)) && !is_empty(tree)) {
    yaml(tree, 0, out);
  } else {
    yaml_scalar(tree, out);
    out += '\n';
  }
  return out;
}

std::string services_json(const detection& found) { return to_json(array_of(found)); }
std::string services_yaml(const detection& found) { return to_yaml(array_of(found)); }

}  // namespace peelbox::detect
