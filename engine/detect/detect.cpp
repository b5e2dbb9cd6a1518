#include "engine/detect/detect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/detect/build_system.hpp"
#include "engine/detect/overlay.hpp"
#include "engine/detect/phases.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/unsupported.hpp"
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

namespace {

/// What the first claimant of the directory that finds a service makes of it; when none does, what the first one says.
draft analyse_by_claim(repository& files, candidate& c, const std::vector<candidate>& all, const options& how, std::vector<rejected>& lost) {
  draft first = analyse(files, c, all, how.target);
  if (first.no_service.empty()) {
    for (const claim& other : c.others) lost.push_back({other.manifest, fmt::format("{}: {} has the directory already", other.system->name, c.system->name)});
    return first;
  }
  for (const claim& other : c.others) {
    candidate instead = c;
    instead.system = other.system;
    instead.manifest = other.manifest;
    draft next = analyse(files, instead, all, how.target);
    if (!next.no_service.empty()) {
      lost.push_back({other.manifest, fmt::format("{}: {}", next.build_system, next.no_service)});
      continue;
    }
    lost.push_back({c.manifest, fmt::format("{}: {}", first.build_system, first.no_service)});
    c = std::move(instead);
    return next;
  }
  return first;
}

}  // namespace

namespace {

/// A tool that only the other distribution has: "deno is not in Debian 12; --distro wolfi has it". A command without
/// its program would only fail later.
std::string lacking(const draft& d, distro target) {
  const bool debian = target == distro::debian;
  for (const std::vector<tool>* tools : {&d.build_tools, &d.runtime_tools})
    for (const tool& t : *tools)
      if (!has_package(t.name, target) && !is_in_every_image(t.name) && has_package(t.name, debian ? distro::wolfi : distro::debian))
        return fmt::format("{} is not in {}; --distro {} has it", t.name, debian ? "Debian 12" : "Wolfi", debian ? "wolfi" : "debian");
  return {};
}

/// What is built into a service is built before it, with its own tools.
void build_before(spec::build_section& own, const spec::build_section& first) {
  own.commands.insert(own.commands.begin(), first.commands.begin(), first.commands.end());
  for (const auto& [from, to] : {std::pair(&first.packages, &own.packages), std::pair(&first.cache, &own.cache)})
    for (const std::string& text : *from)
      if (std::find(to->begin(), to->end(), text) == to->end()) to->push_back(text);
  own.env.insert(first.env.begin(), first.env.end());
}

/// Whether all of the service's directory is in the image.
bool brings_all(const found_service& s) {
  return std::any_of(s.spec.runtime.copy.begin(), s.spec.runtime.copy.end(), [&](const spec::copy_entry& c) { return c.to == "/app/" && (c.from == "." || c.from == s.dir + "/"); });
}

/// Whether a Go file beside the directory, or one above it, embeds it.
bool is_embedded(repository& files, const std::string& place) {
  for (std::string_view dir = place; !dir.empty();) {
    dir = parent_of(dir);
    if (const directory* beside = files.find(dir))
      for (const std::string_view name : beside->files)
        if (name.ends_with(".go"))
          if (const std::string* text = files.read_source(join(dir, name)); text && contains(*text, "//go:embed") && contains(*text, name_of(place))) return true;
  }
  return false;
}

/// Candidates that are built into others: `into` maps them to directories of services, or inside of them.
void embed(repository& files, const std::vector<candidate>& candidates, const std::map<std::string, std::string>& into, const options& how,
           detection& out) {
  for (const auto& [dir, place] : into) {
    const auto part = std::find_if(candidates.begin(), candidates.end(), [d = &dir](const candidate& c) { return c.dir == *d; });
    auto whole = out.services.end();
    for (std::string_view up = place; whole == out.services.end(); up = parent_of(up)) {
      whole = std::find_if(out.services.begin(), out.services.end(), [&](const found_service& s) { return s.dir == up; });
      if (up.empty()) break;
    }
    if (part == candidates.end() || whole == out.services.end() || whole->dir == dir) continue;
    // What its program reads there is in the image; what it has within itself does no harm.
    // What a program or a package holds need not lie in the image beside it.
    const bool held = contains(place, "src/main/resources") || (contains(place, "wwwroot") && whole->spec.metadata.build_system == ".NET") || is_embedded(files, place);
    if (place != whole->dir && !brings_all(*whole) && !held)
      whole->spec.runtime.copy.push_back({place + "/", "/app/" + place.substr(whole->dir.empty() ? 0 : whole->dir.size() + 1) + "/"});
    draft d = analyse(files, *part, candidates, how.target);
    // Nothing starts it; only what builds it counts.
    if (d.no_service.empty()) d.commands.resize(d.build_commands);
    const spec::universal_build first = assemble(files, d, how.target, how.index);
    build_before(whole->spec.build, first.build);
    whole->reasons.push_back({"part", dir, part->manifest, confidence::likely, {}});
    whole->spec.metadata.reasoning += fmt::format("; part {} ({}, likely)", dir, part->manifest);
    std::erase_if(out.services, [d = &dir](const found_service& s) { return s.dir == *d; });
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

  std::map<std::string, std::string> into;
  for (const candidate& claimed : candidates) {
    // One at a time: a repository may have a hundred thousand that come to nothing.
    candidate c = claimed;
    draft d = analyse_by_claim(files, c, candidates, how, out.lost);
    // A person who writes an overlay for the directory knows what to start.
    const bool has_overlay = files.has_file(join(d.dir, "peelbox.json")) || files.has_file(join(d.dir, "peelbox.toml"));
    if (!d.feeds.empty()) into.emplace(d.dir, d.feeds);
    for (const std::string& part : d.embeds) into.emplace(part, d.dir);
    if (!d.no_service.empty() && !has_overlay) {
      out.lost.push_back({c.manifest, fmt::format("{}: {}", d.build_system, d.no_service)});
      continue;
    }
    if (const std::string why = lacking(d, how.target); !why.empty() && !has_overlay) {
      files.add_note(c.manifest, why);
      out.lost.push_back({c.manifest, fmt::format("{}: {}", d.build_system, why)});
      continue;
    }
    found_service service;
    service.spec = assemble(files, d, how.target, how.index);
    service.dir = d.dir;
    service.manifest = c.manifest;
    service.reasons = std::move(d.reasons);
    out.services.push_back(std::move(service));
  }
  embed(files, candidates, into, how, out);
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
  if (out.services.empty())
    for (rejected& r : find_unsupported(files)) out.lost.push_back(std::move(r));
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
