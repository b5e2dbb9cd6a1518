#include "engine/detect/hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

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

/// The first of the usual places; "" when there is none.
std::string find_dockerfile(const analysis& work) {
  constexpr std::array<std::string_view, 14> places{
      "Dockerfile", "Containerfile", "docker/Dockerfile", "Docker/Dockerfile", ".docker/Dockerfile", "deploy/Dockerfile", "deployment/Dockerfile",
      "build/package/Dockerfile", "Dockerfile.prod", "Dockerfile.production", "prod.Dockerfile", "docker/Dockerfile.prod", "docker/prod.Dockerfile", "docker/production/Dockerfile"};
  for (const std::string_view place : places)
    if (work.files.has_evidence(work.path(place))) return work.path(place);
  if (work.self.dir.empty()) return {};
  // Those of all services in one place, called after them.
  const std::string_view name = name_of(work.self.dir);
  for (const std::string_view folder : {"", "docker/", "deploy/"})
    for (const std::string& file : {fmt::format("Dockerfile.{}", name), fmt::format("{}.Dockerfile", name), fmt::format("{}/Dockerfile", name)})
      if (const std::string path = std::string(folder) + file; work.files.has_evidence(path)) return path;
  return {};
}

void take_dockerfile(analysis& work, const std::string& path) {
  const std::string* text = path.empty() ? nullptr : work.files.read(path);
  if (!text) return;
  const dockerfile_facts facts = read_dockerfile(*text);
  hints& out = work.hint;
  work.listens(rank::deployment, facts.port, "EXPOSE in " + path);
  if (const auto at = facts.env.find("PORT"); at != facts.env.end()) work.listens(rank::deployment, port_of(at->second), "ENV PORT in " + path);
  if (is_health_path(facts.health)) work.out.health_path.add({facts.health, rank::deployment, "HEALTHCHECK in " + path, confidence::certain});
  out.env = facts.env;
  out.env_from = "ENV in " + path;
  out.command = facts.command;
  out.command_from = "ENTRYPOINT and CMD in " + path;
  out.images = facts.images;
  out.images_from = "FROM in " + path;
  // What lay in WORKDIR there lies in /app here.
  const std::string prefix = facts.workdir.empty() || facts.workdir == "/" ? "" : facts.workdir + (facts.workdir.ends_with('/') ? "" : "/");
  const auto without_workdir = [&](std::string word) {
    if (!prefix.empty() && word.starts_with(prefix)) word.erase(0, prefix.size());
    return word;
  };
  for (std::string& word : out.command) word = without_workdir(std::move(word));
  for (const std::string& word : facts.copied) out.copied.push_back(without_workdir(word));
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
      break;
    }
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

void apply_hints(analysis& work) {
  if (!work.out.no_service.empty()) return;
  const hints& hint = work.hint;
  std::string set;
  for (const auto& [name, text] : hint.env)
    if (std::all_of(name.begin(), name.end(), is_word) && !is_of_the_image(name, text) && work.out.runtime_env.emplace(name, text).second) set += (set.empty() ? "" : ", ") + name;
  if (!set.empty()) work.because("environment", set, hint.env_from, confidence::likely);
  std::string wanted;
  constexpr std::size_t longest = 400;
  for (const std::string& name : hint.wanted)
    if (wanted.size() < longest && !work.out.runtime_env.contains(name)) wanted += (wanted.empty() ? "" : ", ") + name;
  if (!wanted.empty()) work.because("environment", wanted + " may have to be given when it is started", hint.wanted_from, confidence::likely);
}

}  // namespace peelbox::detect
