// Make: the program is what "all" or the first rule makes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "engine/detect/named_tasks.hpp"
#include "engine/detect/native_libraries.hpp"
#include "engine/detect/systems/c_family.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/task_files.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

using make_variables = std::map<std::string, std::string, std::less<>>;

std::string with_make_variables(std::string text, const make_variables& known) {
  constexpr std::size_t most_rounds = 50;
  constexpr std::size_t longest = 4096;
  for (std::size_t round = 0; round < most_rounds && text.size() < longest; ++round) {
    const std::size_t dollar = text.find_first_of('$');
    if (dollar == std::string::npos || dollar + 1 == text.size()) break;
    const char open = text[dollar + 1];
    const std::size_t close = open == '(' ? text.find(')', dollar) : open == '{' ? text.find('}', dollar) : std::string::npos;
    if (close == std::string::npos) break;
    const auto at = known.find(text.substr(dollar + 2, close - dollar - 2));
    if (at == known.end()) break;
    text.replace(dollar, close - dollar + 1, at->second);
  }
  return text;
}

struct makefile {
  make_variables vars;
  std::set<std::string> phony;
  std::vector<std::pair<std::string, std::vector<std::string>>> rules;  ///< target, what it needs
};

makefile parse(std::string_view text) {
  makefile out;
  for (std::string_view line : lines_of(text)) {
    if (line.starts_with('\t')) continue;
    line = trim(line.substr(0, line.find('#')));
    const std::size_t equals = line.find('=');
    const std::size_t colon = line.find(':');
    if (equals != std::string_view::npos && (colon == std::string_view::npos || colon + 1 == equals || equals < colon)) {
      const std::size_t end = line.find_first_of("=:?+ ");
      const std::string name(trim(line.substr(0, end)));
      const std::string text_of(trim(line.substr(equals + 1)));
      if (line[equals == 0 ? 0 : equals - 1] == '?')
        out.vars.emplace(name, text_of);
      else
        out.vars[name] = text_of;
    } else if (colon != std::string_view::npos && colon > 0) {
      const auto needs = words_of(with_make_variables(std::string(line.substr(colon + 1)), out.vars));
      for (const std::string& target : words_of(with_make_variables(std::string(line.substr(0, colon)), out.vars))) {
        if (target == ".PHONY")
          out.phony.insert(needs.begin(), needs.end());
        else
          out.rules.emplace_back(target, needs);
      }
    }
  }
  return out;
}

bool is_program(const makefile& m, std::string_view target) {
  constexpr std::array<std::string_view, 12> never{"all",   "clean", "test", "check",  "install", "default",
                                                   "build", "run",   "help", "format", "lint",    "distclean"};
  constexpr std::array<std::string_view, 7> parts{".o", ".a", ".so", ".d", ".h", ".c", ".cpp"};
  return !target.empty() && target.front() != '.' && target.front() != '-' && target.front() != '/' &&
         target.find_first_of("$%|*()~") == std::string_view::npos && !m.phony.contains(std::string(target)) &&
         std::find(never.begin(), never.end(), target) == never.end() && !contains(target, "..") &&
         std::none_of(parts.begin(), parts.end(), [&](std::string_view e) { return target.ends_with(e); });
}

/// The file that a plain `make` leaves.
std::string program_of(const makefile& m) {
  for (const auto& [target, needs] : m.rules) {
    if (target.starts_with('.')) continue;
    if (is_program(m, target)) return target;
    // The first goal is a name only: what it needs is what is made.
    for (const std::string& needed : needs) {
      if (is_program(m, needed)) return needed;
      for (const auto& [inner, inner_needs] : m.rules)
        if (inner == needed)
          for (const std::string& last : inner_needs)
            if (is_program(m, last)) return last;
    }
    break;
  }
  return {};
}

struct built {
  std::string target;  ///< "" for the first one
  std::string program;
  std::string from;
  confidence how = confidence::likely;
};

/// The file behind "-o" of a recipe.
std::string output_of(const std::vector<task>& tasks, const std::string& target) {
  for (const task& t : tasks)
    if (t.name == target)
      for (const std::string& line : t.lines) {
        const std::vector<std::string> words = words_of(line);
        const auto at = std::find(words.begin(), words.end(), "-o");
        if (at == words.end() || at + 1 == words.end()) continue;
        const std::string& file = *(at + 1);
        if (file.find_first_of("$%*@") == std::string::npos && !file.starts_with('/') && !contains(file, "..")) return file;
      }
  return {};
}

/// A target that CI or the README calls makes what people run; else a plain `make`.
built what_is_built(analysis& work, const std::string& text) {
  const makefile rules = parse(text);
  built first{"", program_of(rules), work.self.manifest, confidence::likely};
  if (!first.program.empty()) return first;
  const std::vector<task> tasks = read_makefile_tasks(text);
  for (const named_task& named : named_builds(work)) {
    if (named.runner != "make") continue;
    std::string program = output_of(tasks, named.name);
    for (const auto& [target, needs] : rules.rules)
      if (target == named.name && program.empty())
        for (const std::string& needed : needs)
          if (program.empty() && is_program(rules, needed)) program = needed;
    if (!program.empty()) return {named.name, std::move(program), fmt::format("make {} in {}", named.name, named.from), named.how};
  }
  return first;
}

void analyse_make(analysis& work) {
  const c_sources sources = find_c_sources(work);
  if (sources.files.empty()) {
    work.out.no_service = "all C and C++ sources below it are parts of others";
    return;
  }
  use_c(work, sources);
  work.needs("make");
  const std::string* text = work.files.read(work.self.manifest);
  if (!text) {
    work.out.no_service = "the Makefile cannot be read";
    return;
  }
  const built by = what_is_built(work, *text);
  work.run(by.target.empty() ? "make" : "make " + shell_word(by.target));
  if (by.program.empty()) {
    work.out.no_service = "what make leaves cannot be told";
    return;
  }
  const std::string& program = by.program;
  work.because("program", program, by.from, by.how);
  install_program(work, program);
  add_native_libraries(work, *text, work.self.manifest);
  look_at_c(work, sources);
}

}  // namespace

const build_system make_system{.name = "Make",
                               .manifests = {"Makefile", "makefile", "GNUmakefile"},
                               .refuses = refuse_without_c,
                               .recursive = true,
                               .analyse = analyse_make};

}  // namespace peelbox::detect
