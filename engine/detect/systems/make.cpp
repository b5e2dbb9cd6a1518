// Make: the program is what "all" or the first rule makes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "engine/detect/native_libraries.hpp"
#include "engine/detect/systems/c_family.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

using variables = std::map<std::string, std::string, std::less<>>;

std::string expanded(std::string text, const variables& known) {
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
  variables vars;
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
      const auto needs = words_of(expanded(std::string(line.substr(colon + 1)), out.vars));
      for (const std::string& target : words_of(expanded(std::string(line.substr(0, colon)), out.vars))) {
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

void analyse(analysis& work) {
  const c_sources sources = find_c_sources(work);
  if (sources.files.empty()) {
    work.out.no_service = "all C and C++ sources below it are parts of others";
    return;
  }
  use_c(work, sources);
  work.needs("make");
  work.run("make");
  const std::string* text = work.files.read(work.self.manifest);
  if (!text) {
    work.out.no_service = "the Makefile cannot be read";
    return;
  }
  const std::string program = program_of(parse(*text));
  if (program.empty()) {
    work.out.no_service = "what make leaves cannot be told";
    return;
  }
  work.because("program", program, work.self.manifest, confidence::likely);
  install_program(work, program);
  add_native_libraries(work, *text, work.self.manifest);
  look_at_c(work, sources);
}

}  // namespace

const build_system make_system{.name = "Make",
                               .manifests = {"Makefile", "makefile", "GNUmakefile"},
                               .refuses = refuse_without_c,
                               .recursive = true,
                               .analyse = analyse};

}  // namespace peelbox::detect
