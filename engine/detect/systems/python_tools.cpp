#include "engine/detect/systems/python_tools.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/detect/hints.hpp"
#include "engine/detect/native_needs.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

constexpr std::string_view venv = "/app/.venv";

value pyproject(analysis& work) {
  const std::string* text = work.read("pyproject.toml");
  if (!text) return {};
  auto tree = parse_toml(*text);
  if (tree.has_value()) return *tree;
  work.files.add_note(work.path("pyproject.toml"), tree.error().text);
  return {};
}

/// "Flask[async]>=2 ; python_version > '3'" -> "flask"
std::string requirement_name(std::string_view line) {
  line = trim(line);
  std::size_t end = 0;
  while (end < line.size() && (is_word(line[end]) || line[end] == '-' || line[end] == '.')) ++end;
  const std::string name = lower(line.substr(0, end));
  // psycopg[binary] is another thing than psycopg: it brings its libraries.
  const std::string_view extras = line.substr(end, line.find(']', end) - end);
  return extras.starts_with('[') && contains(extras, "binary") ? name + "-binary" : name;
}

void add_requirements(analysis& work, const std::string& file, std::set<std::string>& out, int depth = 0) {
  const std::string* text = work.read(file);
  if (!text || depth > 4) return;
  for (const std::string_view line : lines_of(*text)) {
    const std::string_view entry = trim(line.substr(0, line.find('#')));
    if (entry.starts_with("-r ") || entry.starts_with("--requirement ")) {
      const auto inner = resolve(parent_of(file), trim(entry.substr(entry.find(' '))));
      if (inner) add_requirements(work, *inner, out, depth + 1);
    } else if (!entry.empty() && entry.front() != '-') {
      out.insert(requirement_name(entry));
    }
  }
}

/// A virtual environment for a tool that the distribution does not have, apart from the project's.
void install_tool(analysis& work, std::string_view name) {
  work.run(fmt::format("python3 -m venv /opt/{0} && /opt/{0}/bin/pip install {0}", name));
}

/// Extras that the Dockerfile installs with, of those that the project has; "*" for all of them.
std::vector<std::string> extras_of_dockerfile(analysis& work, const value& project) {
  std::vector<std::string> out;
  for (const auto& [tool, verb] : {std::pair("poetry", "install"), std::pair("uv", "sync")})
    for (const docker_call& call : calls_in_dockerfile(work, tool)) {
      if (call.words.empty() || call.words.front() != verb) continue;
      for (std::size_t i = 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        if (word == "--all-extras") return {"*"};
        std::string names;
        if ((word == "-E" || word == "--extras" || word == "--extra") && i + 1 < call.words.size()) names = call.words[++i];
        if (word.starts_with("--extras=") || word.starts_with("--extra=")) names = word.substr(word.find('=') + 1);
        std::erase_if(names, [](char c) { return c == '"' || c == '\''; });
        for (const std::string& name : words_of(names))
          if ((project["project"]["optional-dependencies"].has(name) || project["tool"]["poetry"]["extras"].has(name)) && std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
      }
    }
  return out;
}

/// The options of a tool for them: " --extra a --extra b".
std::string options_for(analysis& work, const std::vector<std::string>& extras, std::string_view option) {
  std::string out;
  for (const std::string& name : extras) out += name == "*" ? " --all-extras" : fmt::format(" {} {}", option, shell_word(name));
  if (!out.empty()) work.because("extras", out.substr(1), work.hint.runs_from, work.hint.runs_how);
  return out;
}

}  // namespace

std::set<std::string> python_dependencies(analysis& work) {
  std::set<std::string> out;
  add_requirements(work, "requirements.txt", out);
  const value project = pyproject(work);
  for (const std::string& text : project["project"]["dependencies"].texts()) out.insert(requirement_name(text));
  for (const auto& [name, version] : project["tool"]["poetry"]["dependencies"].members) out.insert(lower(name));
  for (const std::string& extra : extras_of_dockerfile(work, project))
    for (const value* group : {&project["project"]["optional-dependencies"], &project["tool"]["poetry"]["extras"]})
      for (const auto& [name, list] : group->members)
        if (extra == "*" || extra == name)
          for (const std::string& text : list.texts()) out.insert(requirement_name(text));
  if (const std::string* text = work.read("Pipfile")) {
    if (const auto tree = parse_toml(*text); tree.has_value())
      for (const auto& [name, version] : (*tree)["packages"].members) out.insert(lower(name));
    else
      work.files.add_note(work.path("Pipfile"), tree.error().text);
  }
  for (const char* file : {"setup.py", "setup.cfg"}) {
    const std::string* text = work.read(file);
    const std::size_t at = text ? text->find("install_requires") : std::string::npos;
    if (at == std::string::npos) continue;
    std::string list = text->substr(at + 16, text->find(']', at) - at - 16);
    for (char& c : list)
      if (std::string_view("=[\"',\n").find(c) != std::string_view::npos) c = ' ';
    for (const std::string& word : words_of(list)) out.insert(requirement_name(word));
  }
  for (const char* file : {"requirements.txt", "pyproject.toml", "Pipfile"})
    if (const std::string* text = work.read(file); text && (contains(*text, "git+") || contains(*text, "git = \""))) {
      needs_git(work, work.path(file));
      break;
    }
  out.erase("python");
  out.erase("");
  return out;
}

std::string python_version(analysis& work) {
  for (const char* file : {"runtime.txt", ".python-version"})
    if (const std::string found = version_in_file(work, file, "python"); !found.empty()) return found;
  if (const std::string found = version_of_tool_files(work, "python"); !found.empty()) return found;
  if (const std::string found = version_of_image(work, "python", {"python"}); !found.empty()) return found;
  const value project = pyproject(work);
  const std::string& required = project["project"]["requires-python"].text;
  if (!required.empty()) return take_version(work, "python", required, work.path("pyproject.toml"), confidence::likely);
  const std::string& poetry = project["tool"]["poetry"]["dependencies"]["python"].text;
  if (!poetry.empty() && poetry != "*")
    return take_version(work, "python", poetry, work.path("pyproject.toml"), confidence::likely);
  if (const std::string* text = work.read("Pipfile"))
    if (const auto tree = parse_toml(*text); tree.has_value() && (*tree)["requires"].has("python_version"))
      return take_version(work, "python", (*tree)["requires"]["python_version"].text, work.path("Pipfile"),
                          confidence::certain);
  return {};
}

bool install_python_dependencies(analysis& work) {
  const value project = pyproject(work);
  const std::string make_venv = fmt::format("python3 -m venv {}", venv);
  const std::string in_venv = fmt::format("VIRTUAL_ENV={0} PATH={0}/bin:$PATH ", venv);
  const std::string pip = fmt::format("{}/bin/pip install ", venv);
  const auto chosen = [&](std::string_view name, std::string_view from) {
    work.out.build_system = name;
    work.because("installer", name, work.path(from));
    work.needs("pip", "");
  };
  work.out.cache.emplace_back("/root/.cache");
  const bool has_build = project["build-system"].has("requires");
  if (const std::string lock = work.first_upwards({"uv.lock"}); !lock.empty() && work.has("pyproject.toml")) {
    work.out.build_system = "uv";
    work.because("installer", "uv", lock);
    if (!has_package("uv", work.target)) {
      work.needs("pip");
      install_tool(work, "uv");
    }
    if (has_package("uv", work.target)) work.needs("uv");
    const std::string uv = has_package("uv", work.target) ? "uv" : "/opt/uv/bin/uv";
    work.run(fmt::format("UV_PROJECT_ENVIRONMENT={} UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never {} sync --frozen --no-dev --no-editable{}", venv, uv,
                         options_for(work, extras_of_dockerfile(work, project), "--extra")));
    return has_build;
  }
  if (project["tool"].has("poetry") || work.has("poetry.lock")) {
    chosen("Poetry", "pyproject.toml");
    install_tool(work, "poetry");
    work.run(make_venv);
    work.run(in_venv + "/opt/poetry/bin/poetry install --only main --no-root --no-interaction" + options_for(work, extras_of_dockerfile(work, project), "--extras"));
    return false;
  }
  if (project["tool"].has("pdm") || work.has("pdm.lock")) {
    chosen("PDM", "pyproject.toml");
    install_tool(work, "pdm");
    work.run(make_venv);
    work.run(in_venv + "/opt/pdm/bin/pdm install --prod --no-self --no-editable");
    return false;
  }
  if (work.has("Pipfile")) {
    chosen("Pipenv", "Pipfile");
    install_tool(work, "pipenv");
    work.run(make_venv);
    work.run(in_venv + (work.has("Pipfile.lock") ? "/opt/pipenv/bin/pipenv sync" : "/opt/pipenv/bin/pipenv install --skip-lock"));
    return false;
  }
  if (work.has("requirements.txt")) {
    chosen("pip", "requirements.txt");
    std::set<std::string> any;
    add_requirements(work, "requirements.txt", any);
    if (any.empty()) return false;
    work.run(make_venv);
    work.run(pip + "-r requirements.txt");
    return false;
  }
  const std::string& backend = project["build-system"]["build-backend"].text;
  chosen(contains(backend, "hatchling") ? "Hatch" : contains(backend, "flit") ? "Flit" : contains(backend, "pdm") ? "PDM" : "pip",
         name_of(work.self.manifest));
  if (!has_build && work.self.manifest.ends_with("pyproject.toml") && !work.has("setup.py") && !project["project"].has("scripts")) {
    // Nothing says how it becomes a package, so it is none: only what it needs is installed.
    std::string list;
    for (const std::string& text : project["project"]["dependencies"].texts()) list += " " + shell_word(text);
    if (list.empty()) return false;
    work.run(make_venv);
    work.run(fmt::format("{}/bin/pip install{}", venv, list));
    return false;
  }
  work.run(make_venv);
  work.run(pip + ".");
  return true;
}

}  // namespace peelbox::detect
