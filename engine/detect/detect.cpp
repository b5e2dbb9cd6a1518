#include "engine/detect/detect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/detect/build_system.hpp"
#include "engine/detect/overlay.hpp"
#include "engine/detect/phases.hpp"
#include "engine/detect/readme.hpp"
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

/// "dist", './dist', "dist/index.html" and go:embed dist, but not "distance".
bool names_path(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    const char after = at + name.size() == text.size() ? ' ' : text[at + name.size()];
    if (contains("\"'`/", std::string_view(&before, 1)) && contains("\"'`/", std::string_view(&after, 1))) return true;
  }
  return contains(text, fmt::format("go:embed {}", name)) || contains(text, fmt::format("go:embed all:{}", name));
}

/// Pages or a server of JavaScript beside the service that has the directory: built with it, when its sources name what the
/// build leaves, else a service of its own.
void take_second_application(repository& files, const candidate& first, const std::vector<candidate>& all, const options& how, found_service& service, detection& out) {
  const auto other = std::find_if(first.others.begin(), first.others.end(), [](const claim& c) { return c.system->name == "npm"; });
  const std::vector<std::string>& built_with = service.spec.build.packages;
  if (other == first.others.end() || std::any_of(built_with.begin(), built_with.end(), [](const std::string& p) { return p.starts_with("nodejs"); })) return;
  candidate instead = first;
  instead.system = other->system;
  instead.manifest = other->manifest;
  draft d = analyse(files, instead, all, how.target);
  if (!d.no_service.empty() || d.command.empty() || d.ports.empty() || d.framework.empty() || !lacking(d, how.target).empty()) return;
  std::erase_if(out.lost, [&](const rejected& r) { return r.path == other->manifest; });
  const bool is_site = d.command.front() == "caddy" && !d.copy.empty();
  std::string place = is_site ? d.copy.front().from : "";
  while (place.ends_with('/')) place.pop_back();
  draft unused;
  analysis work(files, first, all, how.target, unused);
  const std::string name(name_of(place));
  std::string named_in;
  if (is_site)
    for (const std::string& path : work.sources({".go", ".py", ".rb", ".rs", ".php", ".ex", ".java", ".kt", ".cs", ".cr"})) {
      const std::string* text = files.read_source(path);
      if (text && named_in.empty() && names_path(*text, name)) named_in = path;
    }
  if (named_in.empty()) {
    found_service second;
    second.spec = assemble(files, d, how.target, how.index);
    second.dir = d.dir;
    second.manifest = other->manifest;
    second.reasons = std::move(d.reasons);
    out.services.push_back(std::move(second));
    return;
  }
  d.commands.resize(d.build_commands);
  build_before(service.spec.build, assemble(files, d, how.target, how.index).build);
  if (!brings_all(service) && !is_embedded(files, place)) service.spec.runtime.copy.push_back({place + "/", "/app/" + name + "/"});
  service.reasons.push_back({"part", other->manifest, named_in, confidence::likely, {}});
  service.spec.metadata.reasoning += fmt::format("; part {} ({}, likely)", other->manifest, named_in);
}

/// A site of a generator for documentation, beside something else, is about that.
void leave_out_documentation(detection& out) {
  const auto is_documentation = [](const found_service& s) {
    const std::string& f = s.spec.metadata.framework;
    return !s.dir.empty() && (f == "Docusaurus" || f == "VitePress" || f == "MkDocs");
  };
  if (std::all_of(out.services.begin(), out.services.end(), is_documentation)) return;
  for (const found_service& s : out.services)
    if (is_documentation(s)) out.lost.push_back({s.manifest, fmt::format("{}: documentation of the repository", s.spec.metadata.framework)});
  std::erase_if(out.services, is_documentation);
}

/// Pages of one service that the image of another holds: built with it, and not served a second time.
struct joined {
  std::string into;  ///< directory of the service
  image_part part;
};

void join_parts(repository& files, const std::vector<candidate>& candidates, const std::vector<joined>& all, const options& how, detection& out) {
  const auto service_of = [&](const std::string& dir) { return std::find_if(out.services.begin(), out.services.end(), [&](const found_service& s) { return s.dir == dir; }); };
  for (const joined& j : all) {
    const auto whole = service_of(j.into);
    const auto pages = service_of(j.part.dir);
    const auto part = std::find_if(candidates.begin(), candidates.end(), [&](const candidate& c) { return c.dir == j.part.dir; });
    // A server of its own stays one, whatever a Dockerfile takes of it.
    if (whole == out.services.end() || pages == out.services.end() || part == candidates.end() || whole == pages) continue;
    if (pages->spec.runtime.command.empty() || pages->spec.runtime.command.front() != "caddy") continue;
    draft d = analyse(files, *part, candidates, how.target);
    d.commands.resize(d.build_commands);
    build_before(whole->spec.build, assemble(files, d, how.target, how.index).build);
    whole->spec.runtime.copy.push_back({j.part.from + "/", j.part.to + "/"});
    whole->reasons.push_back({"part", j.part.dir, part->manifest, confidence::likely, {}});
    whole->spec.metadata.reasoning += fmt::format("; part {} ({}, likely)", j.part.dir, part->manifest);
    out.services.erase(pages);
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
  std::vector<joined> parts;
  for (const candidate& claimed : candidates) {
    // One at a time: a repository may have a hundred thousand that come to nothing.
    candidate c = claimed;
    draft d = analyse_by_claim(files, c, candidates, how, out.lost);
    const auto has_overlay = [&] { return overlay_is_about(files, d.dir, d.name); };
    if (!d.feeds.empty()) into.emplace(d.dir, d.feeds);
    for (const std::string& part : d.embeds) into.emplace(part, d.dir);
    if (!d.no_service.empty() && !has_overlay()) {
      out.lost.push_back({c.manifest, fmt::format("{}: {}", d.build_system, d.no_service)});
      continue;
    }
    if (const std::string why = lacking(d, how.target); !why.empty() && !has_overlay()) {
      files.add_note(c.manifest, why);
      out.lost.push_back({c.manifest, fmt::format("{}: {}", d.build_system, why)});
      continue;
    }
    for (const image_part& part : d.parts) parts.push_back({d.dir, part});
    found_service service;
    service.spec = assemble(files, d, how.target, how.index);
    service.dir = d.dir;
    service.manifest = c.manifest;
    service.reasons = std::move(d.reasons);
    if (service.spec.metadata.language != "JavaScript" && service.spec.metadata.language != "TypeScript") take_second_application(files, c, candidates, how, service, out);
    out.services.push_back(std::move(service));
  }
  embed(files, candidates, into, how, out);
  join_parts(files, candidates, parts, how, out);
  leave_out_documentation(out);
  take_readme(files, out, how);
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
