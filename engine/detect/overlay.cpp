#include "engine/detect/overlay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/write.hpp"
#include "engine/spec/load.hpp"

namespace peelbox::detect {
namespace {

void merge(value& base, const value& change) {
  if (change.is(value::kind::object) && base.is(value::kind::object)) {
    for (const auto& [key, member] : change.members) {
      const auto at = std::find_if(base.members.begin(), base.members.end(), [&](const auto& m) { return m.key == key; });
      if (member.is(value::kind::null)) {
        if (at != base.members.end()) base.members.erase(at);
      } else if (at == base.members.end()) {
        base.members.push_back({key, value()});
        merge(base.members.back().content, member);
      } else {
        merge(at->content, member);
      }
    }
    return;
  }
  if (change.is(value::kind::array)) {
    value out;
    out.type = value::kind::array;
    for (const value& item : change.items) {
      if (item.is(value::kind::string) && item.text == "...")
        out.items.insert(out.items.end(), base.items.begin(), base.items.end());
      else
        out.items.push_back(item);
    }
    base = std::move(out);
    return;
  }
  base = change;
}

result<void> change(found_service& service, const value& by, const std::string& path) {
  value tree = to_value(service.spec);
  merge(tree, by);
  auto loaded = spec::load(to_json(tree), path);
  if (loaded.has_error()) {
    // The lines are those of the merged text, which nobody has seen.
    return failure(errc::usage, fmt::format("{}, merged with what was detected: {}", path, loaded.error().text),
                   origin::user);
  }
  service.spec = std::move(loaded->services.front());
  service.overlay = path;
  service.reasons.push_back({"overlay", "applied", path, confidence::certain, {}});
  std::string& reasoning = service.spec.metadata.reasoning;
  reasoning += fmt::format("{}overlay applied ({})", reasoning.empty() ? "" : "; ", path);
  return {};
}

bool is_about_services(std::string_view key) { return key == "services" || key == "$schema"; }

result<value> parse(std::string_view name, const std::string& text) {
  return name.ends_with("toml") ? parse_toml(text) : parse_json(text);
}

constexpr std::array<std::string_view, 2> overlay_names = {"peelbox.json", "peelbox.toml"};

result<void> apply_file(const std::string& dir, const std::string& path, value tree,
                        std::vector<found_service>& services) {
  if (!tree.is(value::kind::object)) return failure(errc::usage, path + ": expected an object", origin::user);
  const value by_name = tree["services"];
  std::erase_if(tree.members, [](const auto& m) { return is_about_services(m.key); });
  if (!tree.members.empty()) {
    auto own = std::find_if(services.begin(), services.end(), [&](const found_service& s) { return s.dir == dir; });
    if (own == services.end()) {
      found_service made;
      made.dir = dir;
      made.manifest = path;
      made.spec.metadata.project_name = dir.empty() ? "app" : std::string(name_of(dir));
      services.push_back(std::move(made));
      own = services.end() - 1;
    }
    if (auto done = change(*own, tree, path); done.has_error()) return done;
  }
  for (const auto& [name, by] : by_name.members) {
    const auto named = std::find_if(services.begin(), services.end(), [&, wanted = &name](const found_service& s) {
      return s.spec.metadata.project_name == *wanted;
    });
    if (named == services.end()) {
      std::string known;
      constexpr std::size_t longest = 500;
      for (const found_service& s : services)
        if (known.size() < longest) known += (known.empty() ? "" : ", ") + s.spec.metadata.project_name;
      return failure(errc::usage, fmt::format("{}: services.{}: no such service; there are: {}", path, name, known),
                     origin::user);
    }
    if (auto done = change(*named, by, path); done.has_error()) return done;
  }
  return {};
}

}  // namespace

result<void> apply_overlays(repository& files, std::vector<found_service>& services) {
  for (const directory& dir : files.directories()) {
    for (const std::string_view name : overlay_names) {
      if (!dir.files.contains(name)) continue;
      const std::string path = join(dir.path, name);
      const std::string* text = files.read(path);
      if (!text) continue;
      auto tree = parse(name, *text);
      if (tree.has_error()) return tree.error().in(path);
      if (auto done = apply_file(dir.path, path, std::move(*tree), services); done.has_error()) return done;
    }
  }
  return {};
}

bool overlay_is_about(repository& files, const std::string& dir, std::string_view service) {
  for (const std::string_view name : overlay_names) {
    const std::string* text = files.read(join(dir, name));
    if (!text) continue;
    const auto tree = parse(name, *text);
    if (tree.has_error()) continue;
    if (std::any_of(tree->members.begin(), tree->members.end(), [](const auto& m) { return !is_about_services(m.key); })) return true;
    const value& named = (*tree)["services"];
    if (std::any_of(named.members.begin(), named.members.end(), [&](const auto& m) { return m.key == service; })) return true;
  }
  return false;
}

}  // namespace peelbox::detect
