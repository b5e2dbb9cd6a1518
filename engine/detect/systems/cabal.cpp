// Haskell packages with a .cabal file; the stanzas are read as text.
#include <fmt/format.h>

#include <tuple>

#include "engine/detect/packages.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

/// Bindings to libraries of C that packages of Hackage link.
void add_database_libraries(analysis& work) {
  const std::string* text = work.files.read(work.self.manifest);
  if (!text) return;
  for (const auto& [package, dev, runtime] : {std::tuple("postgresql-simple", "postgresql-dev", "postgresql-runtime"), std::tuple("postgresql-libpq", "postgresql-dev", "postgresql-runtime"),
                                              std::tuple("hasql", "postgresql-dev", "postgresql-runtime"), std::tuple("persistent-postgresql", "postgresql-dev", "postgresql-runtime"),
                                              std::tuple("direct-sqlite", "sqlite-dev", "sqlite-runtime"), std::tuple("mysql", "mysql-dev", "mysql-runtime")}) {
    if (!contains(*text, package)) continue;
    work.needs(dev);
    work.needs("pkgconf");
    work.needs_at_runtime(runtime);
    work.because("native packages", fmt::format("{} {}", dev, runtime), fmt::format("dependency {}", package), confidence::likely);
    return;
  }
}

void use_haskell(analysis& work, const std::string& program) {
  work.out.name = program;
  work.because("program", program, work.self.manifest);
  // Stack brings the compiler of its snapshot; where the distribution has it, it is what the project is built with.
  const bool stack = work.has("stack.yaml") && !work.has("cabal.project") && has_package("haskell-stack", work.target);
  if (stack)
    for (const char* tool : {"haskell-stack", "ca-certificates", "git", "zlib-dev"}) work.needs(tool);
  else
    for (const char* tool : {"ghc", "cabal"}) work.needs(tool);
  work.needs("c-build");
  work.needs("gmp-dev");
  add_database_libraries(work);
  work.needs_at_runtime("c-runtime");
  work.needs_at_runtime("gmp-runtime");
  work.out.cache = {"/root/.cabal", "/root/.cache/cabal"};
  if (stack) {
    work.out.cache = {"/root/.stack"};
    work.because("builder", "Stack", work.path("stack.yaml"));
    work.run(fmt::format("stack build --copy-bins --local-bin-path /usr/local/bin :{}", shell_word(program)));
  } else work.run(fmt::format("cabal update && cabal install exe:{} --installdir=/usr/local/bin --install-method=copy --overwrite-policy=always",
                       shell_word(program)));
  const std::string installed = "/usr/local/bin/" + program;
  work.out.copy.push_back({installed, installed});
  work.starts_program(installed, work.self.manifest);
  apply(work, look_at_sources(work, work.sources({".hs"}), {"scotty ", "run ", "setPort "}), 0, "");
}

void analyse_cabal(analysis& work) {
  work.out.language = "Haskell";
  const std::string* text = work.files.read(work.self.manifest);
  const bool is_hpack = work.self.manifest.ends_with(".yaml");
  if (text && is_hpack) {
    if (const auto tree = parse_yaml(*text); tree.has_value() && !(*tree)["executables"].members.empty())
      return use_haskell(work, (*tree)["executables"].members.front().key);
  } else if (text) {
    for (const std::string_view line : lines_of(*text)) {
      const auto words = words_of(line);
      if (words.size() == 2 && lower(words[0]) == "executable") return use_haskell(work, words[1]);
    }
  }
  work.out.no_service = "no executable: a library";
}

std::string refuses_cabal(repository& files, std::string_view manifest) {
  if (!manifest.ends_with(".yaml")) return {};
  const std::string* text = files.read(manifest);
  return text && contains(*text, "executables:") ? "" : "no executables in it";
}

}  // namespace

const build_system cabal_system{
    .name = "Cabal", .manifests = {"*.cabal", "package.yaml"}, .refuses = refuses_cabal, .analyse = analyse_cabal};

}  // namespace peelbox::detect
