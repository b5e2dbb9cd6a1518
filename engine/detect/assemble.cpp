#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/detect/build_system.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/phases.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

std::string fallback_name(std::string_view dir) { return dir.empty() ? "app" : std::string(name_of(dir)); }

std::vector<std::string> packages(repository& files, draft& from, const std::vector<tool>& tools, distro target,
                                  const package_index& index) {
  std::vector<std::string> out;
  for (const tool& wanted : tools) {
    resolved found = resolve(wanted, target, index);
    for (std::string& name : found.names)
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
    if (!found.note.empty()) {
      files.add_note(from.dir.empty() ? "." : from.dir, found.note);
      const bool known = std::any_of(from.reasons.begin(), from.reasons.end(), [&](const reason& r) {
        return r.what == "packages" && r.value == found.note;
      });
      if (!known) from.reasons.push_back({"packages", found.note, index.source(), confidence::guess, {}});
    }
  }
  return out;
}

/// "framework Flask (requirements.txt); port 5000 (Flask's usual port, likely)".
std::string sentence(const std::vector<reason>& reasons) {
  std::vector<std::string> parts;
  for (const reason& r : reasons) {
    const std::string sure = r.how == confidence::certain ? "" : fmt::format(", {}", to_string(r.how));
    parts.push_back(fmt::format("{} {} ({}{})", r.what, r.value, r.from, sure));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

draft analyse(repository& files, const candidate& self, const std::vector<candidate>& all, distro target) {
  files.begin_service(all.size());
  draft d;
  d.dir = self.dir;
  d.name = fallback_name(self.dir);
  d.build_system = self.system->name;
  analysis work(files, self, all, target, d);
  work.because("build system", self.system->name, self.manifest);
  take_hints(work);
  self.system->analyse(work);
  take_parts_of_image(work);
  decide(work);
  apply_hints(work);
  // The build system may have been told apart further: npm, pnpm, …
  d.reasons.front().value = d.build_system;
  // What builds nothing needs nothing to build with.
  if (d.commands.empty()) {
    d.build_tools.clear();
    d.cache.clear();
  }
  return d;
}

spec::universal_build assemble(repository& files, draft& from, distro target, const package_index& index) {
  spec::universal_build out;
  out.build.packages = packages(files, from, from.build_tools, target, index);
  out.runtime.packages = packages(files, from, from.runtime_tools, target, index);
  out.metadata.project_name = from.name;
  out.metadata.language = from.language;
  out.metadata.build_system = from.build_system;
  out.metadata.framework = from.framework;
  out.metadata.reasoning = sentence(from.reasons);
  out.build.env = from.build_env;
  out.build.commands = from.commands;
  out.build.cache = from.cache;
  std::sort(out.build.cache.begin(), out.build.cache.end());
  out.build.cache.erase(std::unique(out.build.cache.begin(), out.build.cache.end()), out.build.cache.end());
  out.runtime.env = from.runtime_env;
  out.runtime.copy = from.copy;
  out.runtime.command = from.command;
  out.runtime.ports = from.ports;
  if (!from.health.empty() && !from.ports.empty()) out.runtime.health = spec::health_check{from.health};
  return out;
}

}  // namespace peelbox::detect
