// What the image of a Dockerfile has beside the program.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/hint_files.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// Images of tools and systems: what is copied of them are programs that packages bring here.
bool is_tool_image(std::string_view image) {
  constexpr std::array<std::string_view, 27> tools{"alpine",  "amazonlinux", "aws-lambda-adapter", "bun",    "busybox",  "composer", "curl",       "debian",  "deno",
                                                   "distroless", "dumb-init", "elixir", "fedora", "golang", "gosu", "jdk", "nginx", "node", "openjdk",
                                                   "php-extension-installer", "python", "ruby", "rust", "temurin", "tini", "ubuntu", "uv"};
  const std::string_view last = name_of(image);
  const std::string_view name = last.substr(0, last.find_first_of(":@"));
  return std::any_of(tools.begin(), tools.end(), [&](std::string_view t) { return name == t || (t.size() > 3 && contains(name, t)); });
}

/// Dependencies, certificates and users: every image has its own.
bool is_of_every_image(std::string_view path) {
  constexpr std::array<std::string_view, 12> parts{"/etc/ssl", "/etc/passwd", "/etc/group", "zoneinfo", "ca-certificates", "node_modules",
                                                  "venv", "site-packages", "/usr/lib/", "/usr/local/lib/ruby", "/usr/local/bundle", "/vendor"};
  return path == "/" || std::any_of(parts.begin(), parts.end(), [&](std::string_view p) { return contains(path, p); });
}

/// An image that another Dockerfile of the repository makes: called like the service, or on this machine only.
bool is_own_image(const analysis& work, std::string_view image) {
  std::string_view name = name_of(image);
  name = name.substr(0, name.find_first_of(":@"));
  if (image.starts_with("localhost/")) return true;
  if (work.out.name.empty() || !name.starts_with(work.out.name)) return false;
  const std::string_view rest = name.substr(work.out.name.size());
  return rest.empty() || rest == "-base" || rest == "-build" || rest == "-builder" || rest == "-deps";
}

/// What only the image's own scripts start.
bool is_for_scripts(std::string_view path) {
  const std::string_view name = name_of(path);
  return name.ends_with(".sh") || name == "tini" || name == "dumb-init" || name == "gosu" || name == "su-exec" || name == "wait-for-it" || name == "mime.types";
}

/// Where a path of the Dockerfile's image is in ours: what lay in WORKDIR lies in /app.
std::string place_here(const analysis& work, std::string_view path) {
  const std::string& workdir = work.hint.workdir;
  if (workdir.size() > 1 && workdir.starts_with('/') && is_inside(path.substr(1), std::string_view(workdir).substr(1)))
    return "/app" + std::string(path.substr(workdir.size()));
  return std::string(path);
}

struct source {
  std::string path;
  bool exists = false;
  bool folder = false;
};

/// Of the context, which is the service's directory or the root of the repository.
std::vector<source> sources_of(const analysis& work, const dockerfile_copy& copy) {
  std::vector<source> out;
  for (const dockerfile_copy::origin& origin : copy.origins)
    for (const std::string& base : {work.path(origin.path), origin.path}) {
      if (!base.empty() && !work.files.has_directory(base) && !work.files.has_file(base)) continue;
      const std::string path = join(base, origin.below);
      const bool folder = work.files.has_directory(path);
      out.push_back({path, folder || work.files.has_file(path), folder});
      break;
    }
  return out;
}

/// The nearest candidate that holds the path, "" with `found` false when there is none.
std::string_view holder_of(const analysis& work, std::string_view path, bool& found) {
  for (std::string_view dir = path;; dir = parent_of(dir)) {
    found = is_candidate(work.all, dir);
    if (found || dir.empty()) return dir;
  }
}

void take_other_service(analysis& work, const dockerfile_copy& copy) {
  for (const source& s : sources_of(work, copy)) {
    bool found = false;
    const std::string dir(holder_of(work, s.path, found));
    if (!found || s.exists || is_inside(work.self.dir, dir) || s.path == dir) continue;
    work.out.parts.push_back({dir, s.path, place_here(work, copy.to)});
    return;
  }
}

/// Names and values of the variables that name `path` or what is in it.
std::vector<std::pair<std::string, std::string>> variables_for(const analysis& work, std::string_view path) {
  std::vector<std::pair<std::string, std::string>> out;
  // In the directory of the program itself a variable names what the program makes.
  if (path == work.hint.workdir) return out;
  for (const auto& [name, text] : work.hint.env)
    if (path.size() > 1 && !is_of_every_image(text) && is_of_the_program(name) && text.starts_with(path) && (text.size() == path.size() || text[path.size()] == '/')) out.emplace_back(name, text);
  return out;
}

/// A server that the image of the Dockerfile is made of, before the program: it serves pages and passes requests on.
std::string_view server_before(const analysis& work) {
  constexpr std::array<std::string_view, 8> servers{"apache", "caddy", "haproxy", "httpd", "nginx", "nginx-unprivileged", "openresty", "traefik"};
  const std::string_view last = name_of(work.hint.base);
  const std::string_view name = last.substr(0, last.find_first_of(":@"));
  // Ours are served by Caddy, whatever serves them there.
  const bool is_site = std::any_of(work.out.runtime_tools.begin(), work.out.runtime_tools.end(), [](const tool& t) { return t.name == "caddy"; });
  return !is_site && std::find(servers.begin(), servers.end(), name) != servers.end() ? name : std::string_view();
}

void tell_missing(analysis& work, const std::string& what) {
  work.because("missing", what, work.hint.copies_from, confidence::guess);
  work.files.add_note(work.hint.copies_from, "is not in the image: " + what);
}

}  // namespace

void take_parts_of_image(analysis& work) {
  if (!work.out.no_service.empty()) return;
  take_packages_of_image(work);
  const std::string_view before = server_before(work);
  if (!before.empty()) tell_missing(work, fmt::format("{}, which serves pages there and passes requests on to the program", before));
  std::vector<std::string> named;  // variables that are dealt with
  for (const dockerfile_copy& copy : work.hint.copies) {
    if (is_of_every_image(copy.to) || is_of_every_image(copy.from)) continue;
    if (!copy.image.empty()) {
      if (!is_own_image(work, copy.image) && !is_for_scripts(copy.to) && (copy.fetched || !is_tool_image(copy.image)))
        tell_missing(work, fmt::format("{}, which is {} {}", copy.to, copy.fetched ? "downloaded by a stage on" : "taken from the image", copy.image.substr(0, copy.image.find('@'))));
      for (auto& [name, text] : variables_for(work, copy.to)) named.push_back(std::move(name));
      continue;
    }
    const std::size_t parts = work.out.parts.size();
    // Nothing here serves what that server has.
    if (before.empty()) take_other_service(work, copy);
    const std::vector<source> sources = sources_of(work, copy);
    const auto here = std::find_if(sources.begin(), sources.end(), [](const source& s) { return s.exists; });
    for (auto& [name, text] : variables_for(work, copy.to)) {
      named.push_back(name);
      const bool is_part = work.out.parts.size() > parts;
      if (!is_part && here == sources.end()) {
        tell_missing(work, fmt::format("{} ({}), which commands of the Dockerfile make", text, name));
        continue;
      }
      const std::string to = place_here(work, copy.to);
      if (!is_part) work.out.copy.push_back({here->path + (here->folder ? "/" : ""), to + (here->folder ? "/" : "")});
      work.out.runtime_env.emplace(name, place_here(work, text));
      work.because("files", fmt::format("{} ({})", to, name), work.hint.copies_from, confidence::likely);
    }
  }
  // What commands of it download to where a variable says.
  for (const auto& [name, text] : work.hint.env) {
    const bool of_tools = text.starts_with("/root/") || text.starts_with("/usr/") || text.starts_with("/home/") || is_of_every_image(text) || text == work.hint.workdir;
    if (of_tools || text.size() < 2 || !text.starts_with('/') || !is_of_the_program(name) || std::find(named.begin(), named.end(), name) != named.end()) continue;
    for (const dockerfile_run& run : work.hint.runs)
      if (contains(run.text, text) && (contains(run.text, "git clone") || contains(run.text, "curl ") || contains(run.text, "wget "))) {
        tell_missing(work, fmt::format("{} ({}), which commands of the Dockerfile download", text, name));
        break;
      }
  }
}

}  // namespace peelbox::detect
