#include "engine/detect/named_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "engine/detect/task_files.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

/// "web:build" -> the task "build" of the project "web".
void take_target(named_task& out, std::string_view target) {
  const std::size_t colon = target.find(':');
  const std::string_view project = colon == std::string_view::npos ? std::string_view() : target.substr(0, colon);
  out.project = project == "~" || project == "#" ? "" : project;
  std::string_view name = colon == std::string_view::npos ? target : target.substr(colon + 1);
  // nx run web:build:production
  if (out.runner == "nx") name = name.substr(0, name.find(':'));
  out.name = name;
}

void take_nx(const std::vector<std::string>& words, std::size_t at, named_task next, std::vector<named_task>& out) {
  if (at >= words.size()) return;
  if (words[at] == "run") {
    if (at + 1 < words.size() && contains(words[at + 1], ":")) {
      take_target(next, words[at + 1]);
      out.push_back(std::move(next));
    }
    return;
  }
  if (at + 1 >= words.size() || words[at + 1].starts_with('-')) return;
  next.name = words[at];
  next.project = words[at + 1];
  out.push_back(std::move(next));
}

void take_call(const shell_call& call, std::vector<named_task>& out) {
  const std::vector<std::string>& words = call.words;
  std::size_t at = 0;
  while (at < words.size() && (words[at] == "$" || words[at] == "sudo" || words[at] == "npx" || words[at] == "yarn" || words[at] == "pnpm" || words[at] == "exec" || words[at] == "bunx" || contains(words[at], "="))) ++at;
  if (at >= words.size()) return;
  named_task next;
  next.runner = words[at++];
  next.dir = call.dir;
  if (next.runner == "nx") return take_nx(words, at, std::move(next), out);
  if (next.runner != "make" && next.runner != "just" && next.runner != "task" && next.runner != "moon") return;
  for (; at < words.size(); ++at) {
    if (words[at].starts_with('#')) return;
    if (words[at] == "-C" || words[at] == "-d" || words[at] == "--directory" || words[at] == "--dir") {
      if (++at < words.size()) next.dir = resolve(call.dir, words[at]).value_or(call.dir);
      continue;
    }
    if (words[at].starts_with('-') || contains(words[at], "=") || (next.runner == "moon" && words[at] == "run")) continue;
    named_task named = next;
    if (next.runner == "moon")
      take_target(named, words[at]);
    else
      named.name = words[at];
    out.push_back(std::move(named));
  }
}

void take_workflow(const value& tree, const std::string& path, std::vector<named_task>& out) {
  for (const auto& [job, content] : tree["jobs"].members)
    for (const value& step : content["steps"].items) {
      const std::string dir = resolve("", step["working-directory"].text.empty() ? content["defaults"]["run"]["working-directory"].text : step["working-directory"].text).value_or("");
      for (const std::string_view line : lines_of(step["run"].text))
        for (named_task& t : named_in_line(line, dir)) {
          t.from = path;
          t.how = confidence::likely;
          out.push_back(std::move(t));
        }
    }
}

/// Whether the recipes of Node's package managers are about packages, which are installed already.
bool installs(const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 5> managers{"npm", "yarn", "pnpm", "bun", "corepack"};
  if (words.empty() || std::find(managers.begin(), managers.end(), words[0]) == managers.end()) return false;
  return words.size() == 1 || words[0] == "corepack" || words[1] == "install" || words[1] == "ci" || words[1] == "i" || words[1].starts_with('-');
}

/// The lines of a task, what it needs first; false when one of them makes an image.
bool collect(const std::vector<task>& tasks, std::string name, std::set<std::string>& done, std::vector<std::string>& lines) {
  constexpr std::size_t most_lines = 50, most_tasks = 200;
  if (name.starts_with("~:")) name.erase(0, 2);
  if (lines.size() > most_lines || done.size() > most_tasks || !done.insert(name).second) return true;
  for (const task& t : tasks) {
    if (t.name != name) continue;
    for (const std::string& needed : t.needs)
      if (!collect(tasks, needed, done, lines)) return false;
    for (const std::string& line : t.lines) {
      const std::vector<std::string> words = words_of(line);
      if (words.empty() || words[0] == "echo" || installs(words)) continue;
      if (words[0] == "docker" || words[0] == "podman" || contains(line, "docker build") || contains(line, "docker compose")) return false;
      // Calls of a runner are followed like what is needed.
      if ((words[0] == "just" || words[0] == "make" || words[0] == "$(MAKE)" || words[0] == "task") && words.size() == 2) {
        if (!collect(tasks, words[1], done, lines)) return false;
        continue;
      }
      lines.push_back(line);
    }
  }
  return true;
}

std::string_view runner_of(std::string_view path) {
  const std::string name = lower(name_of(path));
  return contains(name, "makefile") ? "make" : contains(name, "justfile") ? "just" : contains(name, "taskfile") ? "task" : "moon";
}

bool is_of(const named_task& t, std::string_view dir, std::string_view name) {
  if (t.project.empty()) return t.dir == dir;
  return t.project == name_of(dir) || t.project == name;
}

bool is_of_another_language(const std::string& line) {
  constexpr std::array<std::string_view, 19> tools{"bundle", "cargo", "cc", "cmake", "composer", "dotnet", "gcc", "git", "go", "gradle", "mix", "mvn", "php", "pip", "poetry", "python", "python3", "ruby", "uv"};
  const std::vector<std::string> words = words_of(line);
  return std::binary_search(tools.begin(), tools.end(), words.front()) || words.front().starts_with("$") || contains(words.front(), "gradlew") || contains(words.front(), "mvnw") || contains(words.front(), "=");
}

std::vector<named_task> builds_of_workflow(repository& files, const std::string& path) {
  std::vector<named_task> out;
  if (const value* tree = files.shared_tree(path, parse_yaml)) take_workflow(*tree, path, out);
  std::erase_if(out, [](const named_task& t) { return !is_build_task(t.name); });
  return out;
}

std::vector<named_task> builds_of_readme(repository& files, const std::string& path) {
  const std::string* text = files.has_evidence(path) ? files.read(path) : nullptr;
  if (!text) return {};
  std::vector<named_task> out = named_in_readme(*text, path);
  std::erase_if(out, [](const named_task& t) { return !is_build_task(t.name); });
  // After `cd REPOSITORY` people are where the README lies.
  for (named_task& t : out)
    if (!t.dir.empty() && !files.has_directory(t.dir)) t.dir = parent_of(path);
  return out;
}

}  // namespace

bool is_build_task(std::string_view name) {
  constexpr std::array<std::string_view, 7> whole{"all", "assets", "bundle", "compile", "dist", "prod", "release"};
  constexpr std::array<std::string_view, 16> others{"check", "clean", "container", "debug", "dev", "docker", "docs", "e2e", "example", "image", "lint", "site-docs", "storybook", "test", "watch", "windows"};
  const std::string text = lower(name);
  if (std::find(whole.begin(), whole.end(), text) != whole.end()) return true;
  return contains(text, "build") && std::none_of(others.begin(), others.end(), [&](std::string_view o) { return contains(text, o); });
}

std::vector<named_task> named_in_line(std::string_view line, const std::string& dir) {
  std::vector<named_task> out;
  for (const shell_call& call : calls_of(line, dir)) take_call(call, out);
  return out;
}

std::vector<named_task> named_in_readme(std::string_view text, const std::string& path) {
  std::vector<named_task> out;
  bool code = false;
  std::string dir(parent_of(path));
  for (const std::string_view raw : lines_of(text)) {
    const std::string_view line = trim(raw);
    if (line.starts_with("```") || line.starts_with("~~~")) {
      code = !code;
      dir = parent_of(path);
      continue;
    }
    if (!code && !raw.starts_with("    ") && !raw.starts_with('\t')) continue;
    std::string_view shell = line;
    if (shell.starts_with("$ ")) shell.remove_prefix(2);
    // `cd server` on a line of its own; `cd REPOSITORY` after a clone names nothing here.
    const auto words = words_of(shell);
    if (words.size() >= 2 && words[0] == "cd" && (words.size() == 2 || words[2].starts_with('#'))) {
      dir = resolve(parent_of(path), words[1]).value_or("");
      continue;
    }
    for (named_task& t : named_in_line(shell, dir)) {
      t.from = path;
      out.push_back(std::move(t));
    }
  }
  return out;
}

std::vector<named_task> named_builds(analysis& work, const std::string& dir) {
  std::vector<named_task> out;
  const std::string_view name = dir == work.self.dir ? std::string_view(work.out.name) : std::string_view();
  const auto take = [&](const std::vector<named_task>& all) {
    std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](const named_task& t) { return is_of(t, dir, name); });
  };
  const std::string workflows = ".github/workflows";
  if (const directory* folder = work.files.find(workflows))
    for (const std::string_view file : folder->files)
      if (file.ends_with(".yml") || file.ends_with(".yaml")) take(work.files.named_tasks_in(join(workflows, file), builds_of_workflow));
  take(work.files.named_tasks_in(join(dir, "README.md"), builds_of_readme));
  if (!dir.empty()) take(work.files.named_tasks_in("README.md", builds_of_readme));
  return out;
}

std::vector<named_task> named_builds(analysis& work) { return named_builds(work, work.self.dir); }

std::optional<task_build> build_by_task(analysis& work, const std::string& dir) {
  const std::vector<task_file> files = task_files_of(work, dir);
  if (files.empty()) return std::nullopt;
  const auto lines_of_task = [&](const task_file& file, const std::string& name) {
    std::vector<std::string> lines;
    std::set<std::string> done;
    if (!collect(file.tasks, name, done, lines) || std::any_of(lines.begin(), lines.end(), is_of_another_language)) lines.clear();
    return lines;
  };
  for (const named_task& named : named_builds(work, dir)) {
    for (const task_file& file : files) {
      if (runner_of(file.path) != named.runner) continue;
      std::vector<std::string> lines = lines_of_task(file, named.name);
      if (!lines.empty()) return task_build{std::move(lines), fmt::format("{} {}", named.runner, named.name), named.from, named.how};
    }
  }
  // Tasks of moon are a project's own description of its build; other files have tasks for all purposes.
  for (const task_file& file : files)
    if (std::vector<std::string> lines = lines_of_task(file, "build"); !lines.empty())
      return task_build{std::move(lines), fmt::format("{} build", runner_of(file.path)), file.path, runner_of(file.path) == "moon" ? confidence::likely : confidence::guess};
  return std::nullopt;
}

task_start start_by_task(analysis& work) {
  const std::string path = work.path("moon.yml");
  const std::string* text = work.files.has_file(path) ? work.files.read(path) : nullptr;
  if (!text) return {};
  for (const task& t : read_moon_tasks(*text))
    if ((t.name == "start" || t.name == "serve") && t.lines.size() == 1 && t.lines.front().starts_with("node ") && !contains(t.lines.front(), "--watch"))
      return {t.lines.front(), fmt::format("tasks.{} in {}", t.name, path)};
  return {};
}

void follow_named_tasks(analysis& work) {
  if (!work.hint.runs.empty()) return;
  const std::vector<task_file> files = task_files_of(work, work.self.dir);
  if (files.empty()) return;
  for (const named_task& named : named_builds(work)) {
    for (const task_file& file : files) {
      std::vector<std::string> lines;
      std::set<std::string> done;
      if (runner_of(file.path) != named.runner || !collect(file.tasks, named.name, done, lines) || lines.empty()) continue;
      for (std::string& line : lines) work.hint.runs.push_back({std::move(line), {}});
      work.hint.runs_from = fmt::format("{} {} in {}", named.runner, named.name, named.from);
      work.hint.runs_how = named.how;
      return;
    }
  }
}

}  // namespace peelbox::detect
