#include "engine/detect/hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/detect/build_system.hpp"
#include "engine/detect/dockerfile.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

/// "8080:3000", "127.0.0.1:80:3000", "3000" and {target: 3000} -> 3000.
std::uint16_t container_port(const value& entry) {
  if (entry.is(value::kind::object)) return port_of(entry["target"].text);
  return port_of(std::string_view(entry.text).substr(entry.text.rfind(':') + 1));
}

/// NAME: value and NAME=value.
std::map<std::string, std::string> environment_of(const value& from) {
  std::map<std::string, std::string> out;
  for (const auto& [name, text] : from.members) out.emplace(name, text.text);
  for (const std::string& entry : from.texts()) out.emplace(entry.substr(0, entry.find('=')), entry.substr(std::min(entry.find('='), entry.size() - 1) + 1));
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// A path that no text of a Dockerfile has spoilt.
bool is_health_path(std::string_view path) {
  constexpr std::size_t longest = 200;
  return !path.empty() && path.size() < longest &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f && c != '$' && c != '{'; });
}

/// Ascending by directory.
bool is_candidate(const std::vector<candidate>& all, std::string_view dir) {
  const auto at = std::lower_bound(all.begin(), all.end(), dir, [](const candidate& c, std::string_view d) { return c.dir < d; });
  return at != all.end() && at->dir == dir;
}

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
    const bool is_program = !facts.command.empty() && !name.empty() && name_of(facts.command.front()) == name;
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
    // One that starts nothing makes packages or tests.
    if (distance >= 100 && distance < 1000)
      if (const std::string* text = work.files.read(*at))
        if (const dockerfile_facts facts = read_dockerfile(*text); facts.port == 0) distance += facts.command.empty() ? 200 : 100;
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

/// What a script that is the entrypoint starts at its end: `exec gunicorn app:app`, or the CMD behind it (`exec "$@"`).
void follow_entrypoint(analysis& work, const std::string& dockerfile) {
  std::vector<std::string>& words = work.hint.command;
  if (words.empty() || !words.front().ends_with(".sh")) return;
  const std::string_view name = name_of(words.front());
  std::string script;
  const auto look = [&](std::string_view dir) {
    if (script.empty() && work.files.has_file(join(dir, name))) script = join(dir, name);
  };
  look(parent_of(dockerfile));
  look(work.self.dir);
  for (const char* dir : {"docker", "scripts", "bin", "container", "deploy", "build"}) look(work.path(dir));
  const std::string* text = script.empty() ? nullptr : work.files.read(script);
  if (!text) return;
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
  out.command = facts.command;
  out.command_from = "ENTRYPOINT and CMD in " + path;
  out.images = facts.images;
  out.images_from = "FROM in " + path;
  out.runs = facts.runs;
  out.runs_from = "RUN in " + path;
  // What lay in WORKDIR there lies in /app here.
  const std::string prefix = facts.workdir.empty() || facts.workdir == "/" ? "" : facts.workdir + (facts.workdir.ends_with('/') ? "" : "/");
  const auto without_workdir = [&](std::string word) {
    if (!prefix.empty() && word.starts_with(prefix)) word.erase(0, prefix.size());
    return word;
  };
  for (std::string& word : out.command) word = without_workdir(std::move(word));
  // What lies in a folder for Docker is for that image.
  for (const std::string& word : facts.copied)
    if (const std::string source = without_workdir(word); !contains("/" + lower(source), "/docker/") && !contains("/" + lower(source), "/.docker/")) out.copied.push_back(source);
  follow_entrypoint(work, path);
  for (std::string& word : out.command) word = without_workdir(std::move(word));
}

/// What is not known yet, from the compose service that is built from the service's directory or its Dockerfile.
void take_compose(analysis& work, const std::string& path) {
  const value* tree = work.files.shared_tree(path, parse_yaml);
  if (!tree) return;
  hints& out = work.hint;
  for (const auto& [name, service] : (*tree)["services"].members) {
    const value& build = service["build"];
    const std::string& context = build.is(value::kind::object) ? build["context"].text : build.text;
    if (context.empty()) continue;
    const auto dir = resolve(parent_of(path), context);
    const std::string& named = build["dockerfile"].text;
    const auto dockerfile = dir && !named.empty() ? resolve(*dir, named) : std::nullopt;
    // With a Dockerfile below the context, it is the service of that directory that is built.
    const bool elsewhere = dockerfile && parent_of(*dockerfile) != *dir && is_candidate(work.all, parent_of(*dockerfile));
    if (elsewhere ? parent_of(*dockerfile) != work.self.dir : dir != work.self.dir) continue;
    if (dockerfile && out.command_from.empty()) take_dockerfile(work, *dockerfile);
    const auto environment = environment_of(service["environment"]);
    for (const value& entry : service["ports"].items) work.listens(rank::deployment, container_port(entry), path);
    if (const auto at = environment.find("PORT"); at != environment.end()) work.listens(rank::deployment, port_of(at->second), "PORT in " + path);
    if (const std::string health = health_path_of(joined(service["healthcheck"]["test"].texts())); is_health_path(health))
      work.out.health_path.add({health, rank::deployment, "healthcheck in " + path, confidence::certain});
    const value& command = service["command"];
    if (out.command.empty() && !command.is(value::kind::null)) {
      out.command = command.is(value::kind::array) ? command.texts() : as_command(command.text);
      out.command_from = "command in " + path;
    }
    // Values belong to where it runs (addresses, passwords), the names to the service.
    for (const auto& [variable, content] : environment)
      if (variable != "PORT") out.wanted.push_back(variable);
    out.wanted_from = path;
    return;
  }
}

/// Ports of a compose service without a build whose image is called after the service's directory: "shop/api" of "api".
void take_compose_of_image(analysis& work, const std::string& path) {
  const value* tree = work.files.shared_tree(path, parse_yaml);
  if (!tree || work.self.dir.empty()) return;
  for (const auto& [name, service] : (*tree)["services"].members) {
    const std::string& image = service["image"].text;
    const std::string_view last = name_of(image);
    if (last.substr(0, last.find_first_of(":@")) != name_of(work.self.dir)) continue;
    for (const value& entry : service["ports"].items) work.listens(rank::deployment, container_port(entry), path);
  }
}

/// PORT in the example of an environment.
void take_env_example(analysis& work) {
  const std::string path = work.first_evidence({".env.example", ".env.sample", ".env.template"});
  const std::string* text = path.empty() ? nullptr : work.files.read(path);
  if (!text) return;
  for (const std::string_view line : lines_of(*text))
    if (line.starts_with("PORT=")) {
      std::string number(trim(line.substr(5, line.find('#') - 5)));
      std::erase_if(number, [](char c) { return c == '"' || c == '\''; });
      work.listens(rank::deployment, port_of(number), "PORT in " + path);
    }
}

/// Whether a container of a cluster is this service: by its image, else by its own name.
bool is_our_container(const analysis& work, std::string_view image, std::string_view name) {
  const std::string_view last = name_of(image);
  const std::string_view called = last.substr(0, last.find_first_of(":@"));
  const std::string_view own = work.self.dir.empty() ? std::string_view() : name_of(work.self.dir);
  return !own.empty() && (called == own || name == own);
}

/// Ports of containers in Kubernetes manifests, and of the values of Helm charts. `alone`: no other service is in the
/// repository, so that names need not agree.
void take_container_ports(analysis& work, const value& tree, const std::string& path, bool alone) {
  const value* pod = &tree["spec"];
  if (pod->has("jobTemplate")) pod = &(*pod)["jobTemplate"]["spec"];
  if (pod->has("template")) pod = &(*pod)["template"]["spec"];
  const std::vector<value>& containers = (*pod)["containers"].items;
  for (const value& container : containers) {
    if (!is_our_container(work, container["image"].text, container["name"].text) && !(alone && containers.size() == 1)) continue;
    for (const value& port : container["ports"].items) work.listens(rank::deployment, port_of(port["containerPort"].text), "containerPort in " + path);
    for (const char* probe : {"readinessProbe", "livenessProbe"})
      if (const std::string& health = container[probe]["httpGet"]["path"].text; is_health_path(health)) work.out.health_path.add({health, rank::deployment, std::string(probe) + " in " + path, confidence::likely});
  }
  // values.yaml: image: {repository: shop/api}, service: {targetPort: 8080}
  const value& service = tree["service"];
  if (!service.is(value::kind::object) || !(alone || is_our_container(work, tree["image"]["repository"].text, tree["nameOverride"].text))) return;
  for (const char* key : {"containerPort", "targetPort", "internalPort"})
    work.listens(rank::deployment, port_of(service[key].text), fmt::format("service.{} in {}", key, path));
}

void take_manifests(analysis& work) {
  const bool alone = work.all.size() == 1;
  for (const std::string& path : work.files.cluster_manifests()) {
    if (!alone && work.self.dir.empty()) return;
    const std::vector<value>& documents = work.files.yaml_documents(path);
    for (const value& tree : documents) take_container_ports(work, tree, path, alone);
  }
}

/// "heroku-php-apache2 -C conf web/" serves web/.
std::string heroku_php(std::string_view command) {
  const auto words = words_of(command);
  std::size_t first = 0;
  while (first < words.size() && !words[first].starts_with("heroku-php-") && !words[first].ends_with("/heroku-php-apache2") && !words[first].ends_with("/heroku-php-nginx")) ++first;
  if (first == words.size()) return {};
  std::string root = words.size() > first + 1 && words.back().front() != '-' ? words.back() : "";
  while (root.ends_with('/')) root.pop_back();
  return fmt::format("php -S 0.0.0.0:{} -t {}", port_mark, join("/app", root));
}

void take_procfile(analysis& work) {
  const std::string path = work.path("Procfile");
  const std::string* text = work.files.read(path);
  if (!text) return;
  const auto types = read_procfile(*text);
  auto chosen = types.find("web");
  if (chosen == types.end() && types.size() == 1) chosen = types.begin();
  if (chosen == types.end()) return;
  const std::string from = fmt::format("{} in {}", chosen->first, path);
  work.out.has_procfile = true;
  if (const std::string php = heroku_php(chosen->second); !php.empty()) {
    work.starts(rank::configured, words_of(php), from, confidence::certain);
    work.listens(rank::framework, 8080, "PORT in " + path);
    return;
  }
  work.starts(rank::configured, as_command(chosen->second), from, confidence::certain);
  // A web process is given PORT, by name or not: gunicorn for instance asks for it.
  if (chosen->first != "web" && !contains(chosen->second, "$PORT") && !contains(chosen->second, "${PORT")) return;
  if (port_in_command(chosen->second) == 0) work.out.port_variable_from = path;
}

/// Variables that describe the image of the Dockerfile, not the program.
bool is_of_the_image(std::string_view name, std::string_view text) {
  constexpr std::array<std::string_view, 12> names{"HOME", "PATH", "PORT", "LANG", "LC_ALL", "DEBIAN_FRONTEND", "PYTHONPATH", "VIRTUAL_ENV", "NODE_PATH", "USER", "TZ", "SHELL"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.ends_with("_HOME") || name.ends_with("_VERSION") ||
         name.starts_with("PIP_") || name.starts_with("UV_") || name.starts_with("POETRY_") || name.starts_with("BUNDLE_") || name.starts_with("LD_") ||
         name.starts_with("NPM_") || name.starts_with("npm_") || text.starts_with('/');
}

bool is_port_end(std::string_view text, std::size_t at) {
  return at >= text.size() || std::string_view(" \t\"'/").find(text[at]) != std::string_view::npos;
}

/// The number behind the last colon of the word that begins at `at`.
std::uint16_t port_of_word(std::string_view text, std::size_t at) {
  const std::size_t scheme = text.find("://", at);
  if (scheme < text.find(' ', at)) at = scheme + 3;
  const std::size_t end = std::min(text.find_first_of(" \t\"'/", at), text.size());
  const std::string_view word = text.substr(at, end - at);
  return port_of(word.substr(word.rfind(':') + 1));
}

}  // namespace

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return error == std::errc() && (rest.empty() || rest == "/tcp") ? port : std::uint16_t{0};
}

std::uint16_t port_in_command(std::string_view text) {
  constexpr std::array<std::string_view, 10> options{"--port", "--server.port", "--server-port", "--http-port", "--bind", "--listen", "--addr", "-p", "-b", "-l"};
  // `mkdir -p 3` tells no port.
  if (contains(text, "mkdir ")) return 0;
  for (const std::string_view option : options) {
    for (std::size_t at = text.find(option); at != std::string_view::npos; at = text.find(option, at + 1)) {
      std::size_t next = at + option.size();
      if (at > 0 && text[at - 1] != ' ') continue;
      if (next >= text.size() || (text[next] != ' ' && text[next] != '=' && (option.size() > 2 || !is_digit(text[next])))) continue;
      while (next < text.size() && (text[next] == ' ' || text[next] == '=' || text[next] == '"' || text[next] == '\'')) ++next;
      const std::uint16_t port = port_of_word(text, next);
      // "-p 4" is a number of processes.
      if (port >= (option.size() > 2 ? 1 : 80)) return port;
    }
  }
  for (std::size_t at = text.find("PORT="); at != std::string_view::npos; at = text.find("PORT=", at + 1))
    if (at == 0 || text[at - 1] == ' ')
      if (const std::uint16_t port = port_of_word(text, at + 5); port != 0 && is_port_end(text, text.find_first_not_of("0123456789", at + 5))) return port;
  return 0;
}

std::map<std::string, std::string> read_procfile(std::string_view text) {
  std::map<std::string, std::string> out;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || trim(line).starts_with('#')) continue;
    const std::string_view name = trim(line.substr(0, colon));
    const std::string_view command = trim(line.substr(colon + 1));
    if (!name.empty() && !command.empty() && name.find(' ') == std::string_view::npos)
      out.emplace(name, command);
  }
  return out;
}

void take_hints(analysis& work) {
  take_procfile(work);
  take_dockerfile(work, find_dockerfile(work));
  for (const char* name : {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"})
    if (const std::string path = work.first_upwards({name}); !path.empty()) {
      take_compose(work, path);
      take_compose_of_image(work, path);
      break;
    }
  take_manifests(work);
  take_env_example(work);
}

std::vector<std::string> as_command(std::string_view shell_text) {
  const bool plain = std::all_of(shell_text.begin(), shell_text.end(), [](char c) {
    return is_word(c) || std::string_view(" -./@:+,%=").find(c) != std::string_view::npos;
  });
  const std::vector<std::string> words = words_of(shell_text);
  if (plain && !words.empty() && !contains(words.front(), "=")) return words;
  const bool simple = shell_text.find_first_of(";|&()<>\n") == std::string_view::npos && !words.empty() &&
                      !contains(words.front(), "=");
  return {"/bin/sh", "-c", (simple ? "exec " : "") + std::string(shell_text)};
}

std::vector<std::string> in_directory(std::string_view dir, std::vector<std::string> words) {
  if (dir == "/app") return words;
  if (words.size() == 2 && words[0] == "node" && words[1].front() != '-') return {"node", join(dir, words[1])};
  const bool shell = words.size() == 3 && words[0] == "/bin/sh" && words[1] == "-c";
  std::string text = shell ? words[2] : "exec";
  if (!shell)
    for (const std::string& word : words) text += " " + (contains(word, port_mark) ? word : shell_word(word));
  return {"/bin/sh", "-c", fmt::format("cd {} && {}", shell_word(dir), text)};
}

void take_hinted_command(analysis& work, std::initializer_list<std::string_view> starters, std::string_view dir) {
  std::vector<std::string> words = work.hint.command;
  const bool shell = words.size() == 3 && words[0] == "/bin/sh" && words[1] == "-c";
  if (shell) {
    std::string text = words[2].starts_with("exec ") ? words[2].substr(5) : words[2];
    words = words_of(text);
  }
  for (const std::string_view wrapper : {"tini", "dumb-init", "/sbin/tini", "/usr/bin/tini", "/usr/bin/dumb-init"})
    if (words.size() > 1 && words[0] == wrapper) words.erase(words.begin(), words.begin() + (words[1] == "--" ? 2 : 1));
  if (words.size() > 2 && words[1] == "run")
    for (const std::string_view wrapper : {"uv", "poetry", "pipenv", "pdm"})
      if (words[0] == wrapper) {
        words.erase(words.begin(), words.begin() + 2);
        break;
      }
  const auto starts_it = [&](std::string_view word) { return std::find(starters.begin(), starters.end(), word) != starters.end(); };
  if (words.size() < 2 || !starts_it(words[0])) return;
  // Files of that image are not here; a directory for data ("/data") is an argument like others.
  const auto is_elsewhere = [](const std::string& w) {
    return w.starts_with("/etc/") || w.starts_with("/usr/") || w.starts_with("/opt/") || (w.starts_with('/') && contains(name_of(w), "."));
  };
  if (words[1].starts_with('/') || std::any_of(words.begin(), words.end(), is_elsewhere)) return;
  // A server of a developer is not what an image is for, even if it is what this Dockerfile starts.
  const std::string text = joined(words);
  const bool of_developer = contains(text, "runserver") || contains(text, "--reload") || contains(text, " dev");
  const rank of = of_developer ? rank::framework : rank::deployment;
  if (shell && as_command(text).front() == "/bin/sh")
    work.starts(of, in_directory(dir, as_command(text)), work.hint.command_from);
  else
    work.starts(of, in_directory(dir, std::move(words)), work.hint.command_from);
}

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

std::map<std::string, std::string> of_the_program(const std::map<std::string, std::string>& env) {
  std::map<std::string, std::string> out;
  for (const auto& [name, text] : env)
    if (std::all_of(name.begin(), name.end(), is_word) && !is_of_the_image(name, text)) out.emplace(name, text);
  return out;
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

void apply_hints(analysis& work) {
  if (!work.out.no_service.empty()) return;
  const hints& hint = work.hint;
  std::string set;
  for (const auto& [name, text] : of_the_program(hint.env))
    if (work.out.runtime_env.emplace(name, text).second) set += (set.empty() ? "" : ", ") + name;
  if (!set.empty()) work.because("environment", set, hint.env_from, confidence::likely);
  std::string wanted;
  constexpr std::size_t longest = 400;
  for (const std::string& name : hint.wanted)
    if (wanted.size() < longest && !work.out.runtime_env.contains(name)) wanted += (wanted.empty() ? "" : ", ") + name;
  if (!wanted.empty()) work.because("environment", wanted + " may have to be given when it is started", hint.wanted_from, confidence::likely);
}

}  // namespace peelbox::detect
