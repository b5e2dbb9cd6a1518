// OCaml projects with a dune-project.
#include <fmt/format.h>

#include <optional>

#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

struct program {
  std::string name;
  std::string dir;  ///< relative to the project
  bool is_public = false;
};

/// The first `(executable (name x))` of a dune file; those with a public name are what the project is for.
std::optional<program> find_program(analysis& work) {
  std::optional<program> found;
  for (const std::string& path : work.sources({"dune"})) {
    const std::string* text = name_of(path) == "dune" ? work.files.read_source(path) : nullptr;
    if (!text) continue;
    const std::size_t at = text->find("(executable");
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(*text).substr(at);
    const std::size_t name_at = rest.find("(name");
    if (name_at == std::string_view::npos) continue;
    const std::string_view after = trim(rest.substr(name_at + 5));
    std::string_view dir = parent_of(path);
    dir.remove_prefix(work.self.dir.empty() ? 0 : std::min(dir.size(), work.self.dir.size() + 1));
    program next{std::string(after.substr(0, after.find_first_of(") \n\t"))), std::string(dir), contains(rest, "(public_name")};
    if (next.name.empty() || next.name.starts_with("s ")) continue;
    if (!found || (next.is_public && !found->is_public)) found = std::move(next);
  }
  return found;
}

bool uses_dream(analysis& work, std::string_view project) {
  if (contains(project, "(dream") || contains(project, " dream")) return true;
  for (const std::string& path : work.sources({"dune"}))
    if (const std::string* text = work.files.read_source(path); text && contains(*text, "dream")) return true;
  return false;
}

void analyse_dune(analysis& work) {
  work.out.language = "OCaml";
  const auto found = find_program(work);
  if (!found) {
    work.out.no_service = "no executable in a dune file: a library";
    return;
  }
  const std::string* project = work.files.read(work.self.manifest);
  const std::size_t at = project ? project->find("(name ") : std::string::npos;
  if (at != std::string::npos) work.out.name = project->substr(at + 6, project->find_first_of(")\n", at) - at - 6);
  work.because("program", join(found->dir, found->name), "executable in a dune file", found->is_public ? confidence::certain : confidence::guess);
  for (const char* tool : {"ocaml", "opam", "c-build", "git", "gmp-dev", "libev-dev", "openssl-dev", "pkgconf", "unzip", "shell"}) work.needs(tool);
  for (const char* tool : {"c-runtime", "ca-certificates", "gmp-runtime", "libev-runtime", "openssl-runtime"}) work.needs_at_runtime(tool);
  work.out.build_env = {{"OPAMYES", "1"}, {"OPAMROOTISOK", "1"}};
  work.out.cache = {"/root/.opam/download-cache"};
  work.run("opam init --bare --disable-sandboxing && opam switch create default ocaml-system");
  work.run("opam install . --deps-only && opam install dune");
  const std::string built = join(found->dir, found->name + ".exe");
  work.run(fmt::format("opam exec -- dune build --profile=release ./{}", shell_word(built)));
  const std::string installed = "/usr/local/bin/" + found->name;
  work.copy("_build/default/" + built, installed);
  work.starts_program(installed, work.self.manifest);
  const bool dream = project && uses_dream(work, *project);
  if (dream) work.out.framework = "Dream";
  if (dream) work.because("framework", "Dream", "libraries");
  apply(work, look_at_sources(work, work.sources({".ml"}), {"~port:", "port = ", "`Port ", "\"PORT\" "}), dream ? std::uint16_t{8080} : std::uint16_t{0}, "Dream's usual port");
}

}  // namespace

const build_system dune_system{.name = "Dune", .manifests = {"dune-project"}, .analyse = analyse_dune};

}  // namespace peelbox::detect
