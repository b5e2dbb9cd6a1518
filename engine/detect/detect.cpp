#include "engine/detect/detect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/detect/overlay.hpp"
#include "engine/detect/phases.hpp"
#include "engine/detect/text.hpp"
#include "engine/spec/validate.hpp"

namespace peelbox::detect {
namespace {

/// Names that several services have get their directory instead, and then a number.
void make_names_differ(std::vector<found_service>& services) {
  std::map<std::string, std::size_t> count;
  for (const found_service& s : services) ++count[s.spec.metadata.project_name];
  std::set<std::string> taken;
  for (found_service& s : services) {
    std::string& name = s.spec.metadata.project_name;
    if (count[name] > 1 && !s.dir.empty()) {
      name = s.dir;
      std::replace(name.begin(), name.end(), '/', '-');
    }
    const std::string base = name;
    for (unsigned number = 2; !taken.insert(name).second; ++number) name = fmt::format("{}-{}", base, number);
  }
}

}  // namespace

result<detection> detect(repository& files, const options& how) {
  detection out;
  out.directories = files.directories().size();
  out.files = files.file_count();
  std::vector<candidate> candidates = classify(files, out.lost);
  structure(files, candidates);
  link_dependencies(files, candidates);

  for (const candidate& c : candidates) {
    // One at a time: a repository may have a hundred thousand that come to nothing.
    draft d = analyse(files, c, candidates, how.target);
    // A person who writes an overlay for the directory knows what to start.
    const bool has_overlay = files.has_file(join(d.dir, "peelbox.json")) || files.has_file(join(d.dir, "peelbox.toml"));
    if (!d.no_service.empty() && !has_overlay) {
      out.lost.push_back({c.manifest, fmt::format("{}: {}", d.build_system, d.no_service)});
      continue;
    }
    found_service service;
    service.spec = assemble(files, d, how.target, how.index);
    service.dir = d.dir;
    service.manifest = c.manifest;
    service.reasons = std::move(d.reasons);
    out.services.push_back(std::move(service));
  }
  make_names_differ(out.services);
  if (auto done = apply_overlays(files, out.services); done.has_error()) return done.error();

  std::erase_if(out.services, [&](const found_service& s) {
    for (const spec::problem& p : spec::validate(s.spec)) {
      if (p.how != spec::problem::weight::error) continue;
      out.lost.push_back({s.manifest, fmt::format("its spec would be wrong: {}: {}", p.path, p.text)});
      return true;
    }
    return false;
  });
  std::sort(out.services.begin(), out.services.end(), [](const found_service& a, const found_service& b) {
    return a.spec.metadata.project_name < b.spec.metadata.project_name;
  });
  std::sort(out.lost.begin(), out.lost.end(), [](const rejected& a, const rejected& b) {
    return std::tie(a.path, a.why) < std::tie(b.path, b.why);
  });
  out.notes = files.notes();
  return out;
}

}  // namespace peelbox::detect
