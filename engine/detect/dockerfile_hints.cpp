// What the Dockerfile of a service says.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/build_system.hpp"
#include "engine/detect/dockerfile.hpp"
#include "engine/detect/hint_files.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/task_files.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {

bool is_health_path(std::string_view path) {
  constexpr std::size_t longest = 200;
  return !path.empty() && path.size() < longest &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f && c != '$' && c != '{'; });
}

bool is_candidate(const std::vector<candidate>& all, std::string_view dir) {
  const auto at = std::lower_bound(all.begin(), all.end(), dir, [](const candidate& c, std::string_view d) { return c.dir < d; });
  return at != all.end() && at->dir == dir;
}

namespace {

/// How little a Dockerfile of the service says about what is run: the usual places first, then by depth. 1000 and more:
/// it is for something else.
std::size_t distance_of(std::string_view path) {
  constexpr std::array<std::string_view, 14> places{
      "Dockerfile", "Containerfile", "docker/Dockerfile", "Docker/Dockerfile", ".docker/Dockerfile", "deploy/Dockerfile", "deployment/Dockerfile",
      "build/package/Dockerfile", "Dockerfile.prod", "Dockerfile.production", "prod.Dockerfile", "docker/Dockerfile.prod", "docker/prod.Dockerfile", "docker/production/Dockerfile"};
  if (const auto at = std::find(places.begin(), places.end(), path); at != places.end()) return static_cast<std::size_t>(at - places.begin());
  constexpr std::array<std::string_view, 20> of_others{"base", "benchmark", "builder", "buildx", "ci", "debug", "dev", "devcontainer", "development",
                                                       "docs", "e2e", "examples", "fuzz", "gitpod", "integration", "local", "playwright", "test", "testing", "tests"};
  for (const std::string_view part : split(path, '/'))
    for (const std::string_view word : split(part, '.'))
      if (const std::string name = lower(word); !name.empty() && std::binary_search(of_others.begin(), of_others.end(), name)) return 1000;
  const auto depth = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  return depth > 3 || path.starts_with('.') ? 1000 : 100 + depth;
}

/// Whether it starts a server that watches the sources, by its command or by the script that is its entrypoint.
bool is_for_developers(analysis& work, const std::string& path, const dockerfile_facts& facts) {
  constexpr std::array<std::string_view, 8> signs{"--reload", "bun run dev", "debugpy", "nodemon", "npm run dev", "pnpm dev", "pnpm run dev", "yarn dev"};
  const auto shows = [&](std::string_view text) { return std::any_of(signs.begin(), signs.end(), [&](std::string_view s) { return contains(text, s); }); };
  std::string command;
  for (const std::string& word : facts.command) command += word + " ";
  if (shows(command)) return true;
  if (facts.command.empty() || !facts.command.front().ends_with(".sh")) return false;
  for (const std::string& dir : {std::string(parent_of(path)), work.self.dir, work.path("docker"), work.path("scripts")}) {
    const std::string script = join(dir, name_of(facts.command.front()));
    const std::string* text = work.files.has_file(script) ? work.files.read(script) : nullptr;
    if (text) return shows(*text);
  }
  return false;
}

/// One of the workspace's root that starts just this member: its command or its directory names it.
std::string dockerfile_of_root(analysis& work) {
  if (!work.self.is_member || !work.self.system->package_name) return {};
  const std::string name = work.self.system->package_name(work.files, work.self.manifest);
  const std::string prefix = work.self.root.empty() ? "" : work.self.root + "/";
  std::string_view below = work.self.dir;
  below.remove_prefix(prefix.size());
  for (const char* place : {"Dockerfile", "docker/Dockerfile"}) {
    const std::string path = prefix + place;
    const std::string* text = work.files.has_evidence(path) ? work.files.read(path) : nullptr;
    if (!text) continue;
    const dockerfile_facts facts = read_dockerfile(*text);
    const std::vector<std::string> command = without_init(facts.command);
    const bool is_program = !command.empty() && !name.empty() && name_of(command.front()) == name;
    const bool is_directory = ("/" + facts.workdir + "/").find(fmt::format("/{}/", below)) != std::string::npos;
    if (is_program || is_directory) return path;
  }
  return {};
}

/// The one that says most about the service, among those below its directory that no other service is nearer to; else
/// one of the root that is called after it. "" when there is none.
std::string find_dockerfile(analysis& work) {
  const std::vector<std::string>& all = work.files.dockerfiles();
  const std::string prefix = work.self.dir.empty() ? "" : work.self.dir + "/";
  std::string best;
  std::size_t least = 1000;
  for (auto at = std::lower_bound(all.begin(), all.end(), prefix); at != all.end() && at->starts_with(prefix); ++at) {
    std::size_t distance = distance_of(std::string_view(*at).substr(prefix.size()));
    if (distance >= least) continue;
    // One that starts nothing makes packages or tests; one for developers gives way to the others of the usual places.
    if (distance < 1000)
      if (const std::string* text = work.files.read(*at)) {
        const dockerfile_facts facts = read_dockerfile(*text);
        if (distance >= 100 && facts.port == 0) distance += facts.command.empty() ? 200 : 100;
        if (distance < 100 && is_for_developers(work, *at, facts)) distance += 80;
      }
    if (distance >= least) continue;
    bool of_another = false;
    for (std::string_view dir = parent_of(*at); !of_another && dir.size() > work.self.dir.size(); dir = parent_of(dir)) of_another = is_candidate(work.all, dir);
    if (of_another) continue;
    least = distance;
    best = *at;
  }
  if (!best.empty() || work.self.dir.empty() || all.empty()) return best;
  if (std::string path = dockerfile_of_root(work); !path.empty()) return path;
  // Those of all services in one place, called after them.
  const std::string_view name = name_of(work.self.dir);
  for (const std::string_view folder : {"", "docker/", "deploy/"})
    for (const std::string& file : {fmt::format("Dockerfile.{}", name), fmt::format("{}.Dockerfile", name), fmt::format("{}/Dockerfile", name)})
      if (std::string path = std::string(folder) + file; std::binary_search(all.begin(), all.end(), path)) return path;
  return {};
}

/// The file of the repository that lies at `path` in the image; "" when none is known to.
std::string copied_to(const analysis& work, const std::string& path) {
  for (auto c = work.hint.copies.rbegin(); c != work.hint.copies.rend(); ++c) {
    if (!path.starts_with(c->to)) continue;
    const std::string rest = path.substr(c->to.size());
    if (!rest.empty() && rest.front() != '/' && c->to != "/") continue;
    for (const dockerfile_copy::origin& origin : c->origins) {
      const std::string below = join(origin.path, origin.below);
      const std::string place = rest.empty() ? below : join(below, rest.front() == '/' ? rest.substr(1) : rest);
      for (const std::string& file : {work.path(place), place})
        if (work.files.has_file(file)) return file;
    }
  }
  return {};
}

/// What a script that is the entrypoint starts at its end: `exec gunicorn app:app`, or the CMD behind it (`exec "$@"`).
void follow_entrypoint(analysis& work, const std::string& dockerfile, std::string script) {
  std::vector<std::string>& words = work.hint.command;
  if (words.empty() || (script.empty() && !words.front().ends_with(".sh"))) return;
  const std::string_view name = name_of(words.front());
  const auto look = [&](std::string_view dir) {
    if (script.empty() && work.files.has_file(join(dir, name))) script = join(dir, name);
  };
  look(parent_of(dockerfile));
  look(work.self.dir);
  for (const char* dir : {"docker", "scripts", "bin", "container", "deploy", "build"}) look(work.path(dir));
  const std::string* text = script.empty() ? nullptr : work.files.read(script);
  if (!text || (!words.front().ends_with(".sh") && !(text->starts_with("#!") && contains(text->substr(0, text->find('\n')), "sh")))) return;
  if (contains(*text, "\"$@\"") && words.size() > 1) {
    words.erase(words.begin());
    return;
  }
  std::string last;
  for (std::string_view line : lines_of(*text))
    if (line = trim(line); line.starts_with("exec ")) last = trim(line.substr(5));
  std::vector<std::string> found = words_of(last);
  while (!found.empty() && (found.back() == "\"$@\"" || found.back() == "$@" || found.back() == "\\")) found.pop_back();
  if (found.size() > 2 && (found[0] == "gosu" || found[0] == "su-exec" || found[0] == "setpriv")) found.erase(found.begin(), found.begin() + 2);
  if (found.size() < 2) return;
  if (contains(found[0], "/bin/")) found[0] = name_of(found[0]);
  std::string line;
  for (const std::string& word : found) line += (line.empty() ? "" : " ") + word;
  if (line.find_first_of("$`&|;<>(") != std::string::npos && !contains(line, "PORT")) return;
  words = as_command(line);
  work.hint.command_from = "exec in " + script;
}

}  // namespace

void take_dockerfile(analysis& work, const std::string& path) {
  const std::string* text = path.empty() ? nullptr : work.files.read(path);
  if (!text) return;
  const dockerfile_facts facts = read_dockerfile(*text);
  hints& out = work.hint;
  work.listens(rank::deployment, facts.port, "EXPOSE in " + path);
  if (const auto at = facts.env.find("PORT"); at != facts.env.end()) work.listens(rank::deployment, port_of(at->second), "ENV PORT in " + path);
  work.listens(rank::deployment, facts.health_port, "HEALTHCHECK in " + path);
  if (is_health_path(facts.health)) work.out.health_path.add({facts.health, rank::deployment, "HEALTHCHECK in " + path, confidence::certain});
  out.env = facts.env;
  out.env_from = "ENV in " + path;
  out.command = without_init(facts.command);
  out.command_from = "ENTRYPOINT and CMD in " + path;
  out.base = facts.base;
  out.images = facts.images;
  out.images_from = "FROM in " + path;
  out.runs = facts.runs;
  out.runs_from = "RUN in " + path;
  out.copies = facts.copies;
  out.moves = facts.moves;
  out.copies_from = path;
  out.workdir = facts.workdir;
  if (facts.wants_history)
    work.because("history", "the Dockerfile copies .git, which no build here has; versions that the build asks Git for are missing", path, confidence::guess);
  // What lay in WORKDIR there lies in /app here.
  const std::string prefix = facts.workdir.empty() || facts.workdir == "/" ? "" : facts.workdir + (facts.workdir.ends_with('/') ? "" : "/");
  const auto without_workdir = [&](std::string word) {
    if (!prefix.empty() && word.starts_with(prefix)) word.erase(0, prefix.size());
    return word;
  };
  const std::string script = out.command.empty() ? "" : copied_to(work, out.command.front());
  for (std::string& word : out.command) word = without_workdir(std::move(word));
  // What lies in a folder for Docker is for that image.
  for (const std::string& word : facts.copied)
    if (const std::string source = without_workdir(word); !contains("/" + lower(source), "/docker/") && !contains("/" + lower(source), "/.docker/")) out.copied.push_back(source);
  follow_tasks(work);
  follow_entrypoint(work, path, script);
  for (std::string& word : out.command) {
    word = without_workdir(std::move(word));
    // A file of the service that is copied elsewhere.
    const std::string file = word.starts_with('/') ? copied_to(work, word) : "";
    if (!file.empty() && is_inside(file, work.self.dir)) word = file.substr(work.self.dir.empty() ? 0 : work.self.dir.size() + 1);
  }
}

void take_dockerfile(analysis& work) { take_dockerfile(work, find_dockerfile(work)); }

std::string version_of_image(analysis& work, std::string_view tool, std::initializer_list<std::string_view> names) {
  for (const std::string& image : work.hint.images) {
    const std::string_view last = name_of(image);
    const std::string_view name = last.substr(0, last.find_first_of(":@"));
    const std::size_t colon = last.find(':');
    if (colon == std::string_view::npos || std::find(names.begin(), names.end(), name) == names.end() || !is_digit(last[std::min(colon + 1, last.size() - 1)])) continue;
    return take_version(work, tool, last.substr(colon + 1), work.hint.images_from, confidence::likely);
  }
  return {};
}

std::vector<docker_call> calls_in_dockerfile(const analysis& work, std::string_view program) {
  std::vector<docker_call> out;
  for (const dockerfile_run& run : work.hint.runs) {
    const std::vector<std::string> words = words_of(run.text);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] != program) continue;
      docker_call call{{}, &run};
      for (++i; i < words.size() && words[i] != "&&" && words[i] != "||" && words[i] != "|" && words[i] != ";"; ++i) {
        const bool last = words[i].ends_with(';');
        call.words.push_back(last ? words[i].substr(0, words[i].size() - 1) : words[i]);
        if (last) break;
      }
      out.push_back(std::move(call));
    }
  }
  return out;
}

}  // namespace peelbox::detect
