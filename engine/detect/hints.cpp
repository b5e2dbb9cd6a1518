#include "engine/detect/hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/detect/dockerfile.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

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

void take_dockerfile(analysis& work) {
  const std::string* text = work.read("Dockerfile");
  if (!text) return;
  const std::string path = work.path("Dockerfile");
  const dockerfile_facts facts = read_dockerfile(*text);
  hints& out = work.hint;
  if (facts.port != 0) {
    out.port = facts.port;
    out.port_from = "EXPOSE in " + path;
  } else if (const auto at = facts.env.find("PORT"); at != facts.env.end() && port_of(at->second) != 0) {
    out.port = port_of(at->second);
    out.port_from = "ENV PORT in " + path;
  }
  out.health = facts.health;
  out.health_from = "HEALTHCHECK in " + path;
  out.env = facts.env;
  out.env_from = "ENV in " + path;
  out.command = facts.command;
  out.command_from = "ENTRYPOINT and CMD in " + path;
  // What lay in WORKDIR there lies in /app here.
  const std::string prefix = facts.workdir.empty() || facts.workdir == "/" ? "" : facts.workdir + (facts.workdir.ends_with('/') ? "" : "/");
  for (std::string& word : out.command)
    if (!prefix.empty() && word.starts_with(prefix)) word.erase(0, prefix.size());
}

/// What is not known yet, from the compose service that is built from the service's directory.
void take_compose(analysis& work, const std::string& path) {
  const value* tree = work.files.shared_tree(path, parse_yaml);
  if (!tree) return;
  hints& out = work.hint;
  for (const auto& [name, service] : (*tree)["services"].members) {
    const value& build = service["build"];
    const std::string& context = build.is(value::kind::object) ? build["context"].text : build.text;
    if (context.empty() || resolve(parent_of(path), context) != work.self.dir) continue;
    const auto environment = environment_of(service["environment"]);
    for (const value& entry : service["ports"].items) {
      if (out.port != 0) break;
      out.port = container_port(entry);
      out.port_from = path;
    }
    if (const auto at = environment.find("PORT"); out.port == 0 && at != environment.end()) {
      out.port = port_of(at->second);
      out.port_from = "PORT in " + path;
    }
    if (out.health.empty()) {
      out.health = health_path_of(joined(service["healthcheck"]["test"].texts()));
      out.health_from = "healthcheck in " + path;
    }
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
      if (const std::uint16_t port = port_of_word(text, next); port != 0) return port;
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
  take_dockerfile(work);
  for (const char* name : {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"})
    if (const std::string path = work.first_upwards({name}); !path.empty()) return take_compose(work, path);
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

void apply_procfile(analysis& work) {
  const std::string* text = work.read("Procfile");
  if (!text) return;
  const auto types = read_procfile(*text);
  auto chosen = types.find("web");
  if (chosen == types.end() && types.size() == 1) chosen = types.begin();
  if (chosen == types.end()) return;
  constexpr std::uint16_t fallback = 8080;
  work.out.command = as_command(chosen->second);
  work.out.no_service.clear();
  std::erase_if(work.out.reasons, [](const reason& r) { return r.what == "command"; });
  work.because("command", chosen->second, fmt::format("{} in {}", chosen->first, work.path("Procfile")));
  if (const std::uint16_t told = port_in_command(chosen->second); told != 0) {
    // It is told this one, whatever was found before.
    work.out.ports.clear();
    std::erase_if(work.out.reasons, [](const reason& r) { return r.what == "port"; });
    work.listens(told, fmt::format("{} in {}", chosen->first, work.path("Procfile")), confidence::certain);
    return;
  }
  // A web process is given PORT, by name or not: gunicorn for instance asks for it.
  if (chosen->first != "web" && !contains(chosen->second, "$PORT") && !contains(chosen->second, "${PORT")) return;
  work.listens(fallback, "PORT in " + work.path("Procfile"), confidence::likely);
  work.out.runtime_env["PORT"] = std::to_string(work.out.ports.front());
}

void apply_hints(analysis& work) {
  if (!work.out.no_service.empty()) return;
  const hints& hint = work.hint;
  if (work.out.ports.empty()) work.listens(hint.port, hint.port_from, confidence::likely);
  if (!hint.health.empty() && hint.health.size() < 200 && !work.out.ports.empty() && hint.health != work.out.health &&
      std::all_of(hint.health.begin(), hint.health.end(), [](char c) { return c > ' ' && c < 0x7f && c != '$' && c != '{'; })) {
    work.out.health = hint.health;
    std::erase_if(work.out.reasons, [](const reason& r) { return r.what == "health"; });
    work.because("health", hint.health, hint.health_from, confidence::certain);
  }
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
