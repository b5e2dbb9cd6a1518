#include "engine/detect/hints.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/detect/hint_files.hpp"
#include "engine/detect/named_tasks.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

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

}  // namespace

bool is_of_the_program(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{"HOME", "PATH", "PORT", "LANG", "LC_ALL", "DEBIAN_FRONTEND", "PYTHONPATH", "VIRTUAL_ENV", "NODE_PATH", "USER", "TZ", "SHELL"};
  const bool of_image = std::find(names.begin(), names.end(), name) != names.end() || name.ends_with("_HOME") || name.ends_with("_VERSION") ||
         name.starts_with("PIP_") || name.starts_with("UV_") || name.starts_with("POETRY_") || name.starts_with("BUNDLE_") || name.starts_with("LD_") ||
         name.starts_with("NPM_") || name.starts_with("npm_");
  return !of_image && std::all_of(name.begin(), name.end(), is_word);
}

void take_hints(analysis& work) {
  take_procfile(work);
  take_dockerfile(work);
  for (const char* name : {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"})
    if (const std::string path = work.first_upwards({name}); !path.empty()) {
      take_compose(work, path);
      take_compose_of_image(work, path);
      break;
    }
  take_manifests(work);
  take_env_example(work);
  follow_named_tasks(work);
}

void take_hinted_command(analysis& work, std::initializer_list<std::string_view> starters, std::string_view dir) {
  std::vector<std::string> words = work.hint.command;
  const bool shell = words.size() == 3 && words[0] == "/bin/sh" && words[1] == "-c";
  if (shell) {
    std::string text = words[2].starts_with("exec ") ? words[2].substr(5) : words[2];
    words = words_of(text);
  }
  words = without_init(std::move(words));
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
  const std::string text = fmt::format("{}", fmt::join(words, " "));
  const bool of_developer = contains(text, "runserver") || contains(text, "--reload") || contains(text, " dev");
  const rank of = of_developer ? rank::framework : rank::deployment;
  if (shell && as_command(text).front() == "/bin/sh")
    work.starts(of, in_directory(dir, as_command(text)), work.hint.command_from);
  else
    work.starts(of, in_directory(dir, std::move(words)), work.hint.command_from);
}

std::map<std::string, std::string> of_the_program(const std::map<std::string, std::string>& env) {
  std::map<std::string, std::string> out;
  for (const auto& [name, text] : env)
    if (is_of_the_program(name) && !text.starts_with('/')) out.emplace(name, text);
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
