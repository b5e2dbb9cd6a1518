#include "engine/detect/task_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

using task_variables = std::map<std::string, std::string, std::less<>>;

/// $(X), ${X} and {{X}} by what the file sets; bounded, because a value may name itself.
std::string with_task_variables(std::string text, const task_variables& known) {
  constexpr std::size_t most_rounds = 40;
  constexpr std::size_t longest = 4096;
  std::size_t from = 0;
  for (std::size_t round = 0; round < most_rounds && text.size() < longest; ++round) {
    const std::size_t at = std::min({text.find("$(", from), text.find("${", from), text.find("{{", from)});
    if (at == std::string::npos) break;
    const std::string_view close = text[at] == '{' ? "}}" : text[at + 1] == '(' ? ")" : "}";
    const std::size_t end = text.find(close, at);
    if (end == std::string::npos) break;
    std::string_view name = trim(std::string_view(text).substr(at + 2, end - at - 2));
    if (name.starts_with('.')) name.remove_prefix(1);
    const auto found = known.find(name);
    if (found == known.end())
      from = at + 2;
    else
      text.replace(at, end + close.size() - at, found->second);
  }
  return text;
}

/// Recipes are the lines that are set in below "name: needs".
std::vector<task> read_recipes(std::string_view text, bool just) {
  std::vector<task> out;
  task_variables known;
  std::string joined;
  for (const std::string_view raw : lines_of(text)) {
    if (!joined.empty()) {
      joined += trim(raw);
    } else {
      joined = raw;
    }
    if (joined.ends_with('\\')) {
      joined.back() = ' ';
      continue;
    }
    const std::string line = std::move(joined);
    joined.clear();
    const bool indented = line.starts_with('\t') || (just && line.starts_with(' '));
    std::string_view content = trim(line);
    if (content.empty() || content.starts_with('#')) continue;
    if (indented) {
      while (content.starts_with('@') || content.starts_with('-')) content.remove_prefix(1);
      if (!out.empty()) out.back().lines.push_back(with_task_variables(std::string(content), known));
      continue;
    }
    const std::size_t colon = content.find(':');
    const std::size_t equals = content.find('=');
    // Parameters of just have defaults: `build mode='release':`.
    const bool assigns = just ? contains(content, ":=") : equals != std::string_view::npos && (colon == std::string_view::npos || equals <= colon + 2);
    if (assigns) {
      const std::string_view name = trim(content.substr(0, content.find_first_of(":=?+")));
      std::string value(trim(content.substr(equals + 1)));
      std::erase_if(value, [](char c) { return c == '"' || c == '\''; });
      if (!name.empty()) known.insert_or_assign(std::string(name), with_task_variables(std::move(value), known));
      continue;
    }
    if (colon == std::string_view::npos) continue;
    const std::vector<std::string> names = words_of(content.substr(0, colon));
    if (names.empty() || names.front().starts_with('.')) continue;
    // A recipe of just has parameters behind its name.
    out.push_back({names.front(), words_of(with_task_variables(std::string(content.substr(colon + 1, content.find('#') - colon - 1)), known)), {}});
  }
  return out;
}

/// Commands of one line of shell, and the directory that each is run in.
template <class Visit>
void each_command(std::string_view line, std::string dir, Visit visit) {
  std::vector<std::string> command;
  const auto finish = [&] {
    if (command.size() == 2 && command[0] == "cd") {
      dir = resolve(dir, command[1]).value_or(dir);
    } else if (!command.empty()) {
      visit(command, dir);
    }
    command.clear();
  };
  for (std::string word : words_of(line)) {
    while (word.starts_with('(')) word.erase(0, 1);
    const bool ends = word.ends_with(';') || word.ends_with(')');
    while (word.ends_with(';') || word.ends_with(')')) word.pop_back();
    if (word == "&&" || word == "||" || word == "|") {
      finish();
      continue;
    }
    if (!word.empty()) command.push_back(word);
    if (ends) finish();
  }
  finish();
}

std::string without_star(std::string path) {
  for (const std::string_view end : {"/*", "/.", "/"})
    while (path.ends_with(end)) path.resize(path.size() - end.size());
  return path;
}

/// `cp -r web/dist/. server/site/` -> what it takes, when `wanted` is where it goes.
std::string taken_for(const std::vector<std::string>& command, const std::string& dir, const std::string& wanted) {
  constexpr std::array<std::string_view, 3> tools{"cp", "mv", "rsync"};
  if (std::find(tools.begin(), tools.end(), command.front()) == tools.end()) return {};
  std::vector<std::string> paths;
  for (std::size_t i = 1; i < command.size(); ++i)
    if (!command[i].starts_with('-')) paths.push_back(command[i]);
  if (paths.size() < 2) return {};
  const auto to = resolve(dir, without_star(paths.back()));
  const auto from = resolve(dir, without_star(paths.front()));
  if (!to || !from || from->empty()) return {};
  return *to == wanted || join(*to, name_of(*from)) == wanted ? *from : "";
}

}  // namespace

std::vector<task> read_makefile_tasks(std::string_view text) { return read_recipes(text, false); }
std::vector<task> read_justfile(std::string_view text) { return read_recipes(text, true); }

std::vector<task> read_taskfile(std::string_view text) {
  std::vector<task> out;
  const auto tree = parse_yaml(text);
  if (tree.has_error()) return out;
  task_variables known;
  for (const auto& [name, content] : (*tree)["vars"].members) known.emplace(name, content.text);
  for (const auto& [name, content] : (*tree)["tasks"].members) {
    task next{name, {}, {}};
    for (const value& needed : content["deps"].items) next.needs.push_back(needed.is(value::kind::object) ? needed["task"].text : needed.text);
    const value& list = content.is(value::kind::object) ? content["cmds"] : content;
    const std::string dir = with_task_variables(content["dir"].text, known);
    const auto add = [&](const std::string& command) {
      if (!command.empty()) next.lines.push_back(analysis::command_in(dir, with_task_variables(command, known)));
    };
    add(content["cmd"].text);
    for (const value& command : list.items) {
      if (command.is(value::kind::object) && command.has("task")) next.needs.push_back(command["task"].text);
      add(command.is(value::kind::object) ? command["cmd"].text : command.text);
    }
    out.push_back(std::move(next));
  }
  return out;
}

std::vector<task> read_moon_tasks(std::string_view text) {
  std::vector<task> out;
  const auto tree = parse_yaml(text);
  if (tree.has_error()) return out;
  const auto line_of = [](const value& from) { return from.is(value::kind::array) ? fmt::format("{}", fmt::join(from.texts(), " ")) : from.text; };
  for (const auto& [name, content] : (*tree)["tasks"].members) {
    task next{name, {}, {}};
    const value& needs = content["deps"];
    for (const value& needed : needs.items) {
      const std::string& target = needed.is(value::kind::object) ? needed["target"].text : needed.text;
      const bool own = target.find(':') == std::string::npos || target.starts_with("~:");
      if (own && !target.empty()) next.needs.push_back(target.substr(target.find(':') == std::string::npos ? 0 : 2));
    }
    std::string line = line_of(content.has("script") ? content["script"] : content["command"]);
    if (const std::string arguments = line_of(content["args"]); !arguments.empty()) line += " " + arguments;
    if (!line.empty() && line != "noop") next.lines.push_back(std::move(line));
    out.push_back(std::move(next));
  }
  return out;
}

std::vector<shell_call> calls_of(std::string_view line, const std::string& dir) {
  std::vector<shell_call> out;
  each_command(line, dir, [&](const std::vector<std::string>& command, const std::string& where) { out.push_back({command, where}); });
  return out;
}

std::vector<task_file> task_files_of(analysis& work, std::string_view dir) {
  std::vector<task_file> out;
  const auto add = [&](std::initializer_list<const char*> names, auto read) {
    for (const char* name : names) {
      const std::string path = join(dir, name);
      const std::string* text = work.files.has_file(path) ? work.files.read(path) : nullptr;
      if (!text) continue;
      out.push_back({path, read(*text)});
      return;
    }
  };
  add({"GNUmakefile", "makefile", "Makefile"}, read_makefile_tasks);
  add({"justfile", "Justfile", ".justfile"}, read_justfile);
  add({"Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "Taskfile.dist.yml"}, read_taskfile);
  add({"moon.yml"}, read_moon_tasks);
  if (work.files.has_file(join(dir, "package.json")))
    for (const char* name : {"tasks.yml", "tasks/node.yml", "tasks/typescript.yml", "tasks/javascript.yml"})
      if (const std::string path = work.first_upwards({join(".moon", name)}); !path.empty())
        if (const std::string* text = work.files.read(path)) out.push_back({path, read_moon_tasks(*text)});
  return out;
}

void follow_tasks(analysis& work) {
  constexpr std::size_t most = 200;
  std::vector<dockerfile_run>& runs = work.hint.runs;
  std::vector<std::pair<std::string, std::map<std::string, std::string>>> wanted;
  for (const dockerfile_run& run : runs)
    each_command(run.text, "", [&](const std::vector<std::string>& command, const std::string&) {
      if (command.front() != "make" && command.front() != "just" && command.front() != "task") return;
      for (std::size_t i = 1; i < command.size(); ++i)
        if (!command[i].starts_with('-') && !contains(command[i], "=")) wanted.emplace_back(command[i], run.env);
    });
  if (wanted.empty()) return;
  const std::vector<task_file> files = task_files_of(work, work.self.dir);
  std::set<std::string> done;
  for (std::size_t i = 0; i < wanted.size() && runs.size() < most; ++i) {
    const auto [name, env] = wanted[i];
    if (!done.insert(name).second) continue;
    for (const task_file& file : files)
      for (const task& t : file.tasks) {
        if (t.name != name) continue;
        for (const std::string& needed : t.needs) wanted.emplace_back(needed, env);
        for (const std::string& line : t.lines) runs.push_back({line, env});
      }
  }
}

std::optional<moved_tree> moved_to(analysis& work, const std::string& wanted) {
  std::optional<moved_tree> out;
  const auto look = [&](std::string_view line, const std::string& by, const std::string& dir) {
    each_command(line, dir, [&](const std::vector<std::string>& command, const std::string& where) {
      if (out) return;
      if (std::string from = taken_for(command, where, wanted); !from.empty()) out = moved_tree{std::move(from), by};
    });
  };
  for (const task_file& file : task_files_of(work, work.self.dir))
    for (const task& t : file.tasks)
      for (const std::string& line : t.lines) look(line, file.path, work.self.dir);
  for (const dockerfile_run& run : work.hint.runs) look(run.text, work.hint.runs_from, work.self.dir);
  // COPY of one stage into the sources of another.
  for (const dockerfile_move& move : work.hint.moves)
    for (const dockerfile_copy::origin& over : move.over)
      for (const dockerfile_copy::origin& origin : move.origins)
        for (const std::string& base : {work.self.dir, std::string()}) {
          if (out || join(base, join(over.path, over.below)) != wanted) continue;
          const std::string from = join(base, join(origin.path, origin.below));
          if (work.files.has_directory(join(base, origin.path)) && from != wanted) out = moved_tree{from, work.hint.copies_from};
        }
  return out;
}

}  // namespace peelbox::detect
