#include "engine/detect/systems/c_family.hpp"

#include <algorithm>

#include "engine/detect/text.hpp"

namespace peelbox::detect {

c_sources find_c_sources(const analysis& work) {
  c_sources out;
  out.files = work.sources({".c", ".cc", ".cpp", ".cxx"});
  out.cxx = std::any_of(out.files.begin(), out.files.end(), [](const std::string& f) { return !f.ends_with(".c"); });
  return out;
}

std::string refuse_without_c(repository& files, std::string_view manifest) {
  const std::string_view top = parent_of(manifest);
  const auto& dirs = files.directories();
  auto dir = std::lower_bound(dirs.begin(), dirs.end(), top, [](const directory& d, std::string_view t) { return d.path < t; });
  for (; dir != dirs.end() && dir->path.starts_with(top); ++dir) {
    if (!is_inside(dir->path, top)) continue;
    for (const std::string_view name : dir->files)
      for (const std::string_view ending : {".c", ".cc", ".cpp", ".cxx"})
        if (name.ends_with(ending)) return {};
  }
  return "no C or C++ sources below it, so it is taken for a list of tasks";
}

void use_c(analysis& work, const c_sources& sources) {
  work.out.language = sources.cxx ? "C++" : "C";
  if (!sources.files.empty()) work.because("language", work.out.language, sources.files.front());
  work.needs(sources.cxx ? "c++-build" : "c-build");
  work.needs_at_runtime(sources.cxx ? "c++-runtime" : "c-runtime");
}

void install_program(analysis& work, std::string_view artifact) {
  const std::string installed = "/usr/local/bin/" + std::string(name_of(artifact));
  work.copy(artifact, installed);
  work.starts_program(installed, work.self.manifest);
  if (work.out.dir.empty()) work.out.name = name_of(artifact);
}

void look_at_c(analysis& work, const c_sources& sources) {
  apply(work, look_at_sources(work, sources.files, {"htons(", "#define PORT ", "#define SERVER_PORT ", "int port = ", ".listen(\"0.0.0.0\", "}), 0, "");
}

std::vector<std::string> call_arguments(std::string_view text, std::string_view function, std::size_t& at) {
  while (true) {
    at = text.find(function, at);
    if (at == std::string_view::npos) return {};
    const bool whole = at == 0 || !is_word(text[at - 1]);
    std::size_t open = at + function.size();
    while (open < text.size() && text[open] == ' ') ++open;
    at = open;
    if (!whole || open >= text.size() || text[open] != '(') continue;
    const std::size_t close = text.find(')', open);
    if (close == std::string_view::npos) {
      at = close;
      return {};
    }
    at = close;
    std::string inner;
    for (const std::string_view line : lines_of(text.substr(open + 1, close - open - 1)))
      inner += std::string(line.substr(0, line.find('#'))) + " ";
    std::replace(inner.begin(), inner.end(), ',', ' ');
    return words_of(inner);
  }
}

}  // namespace peelbox::detect
