// Nim packages with a .nimble file, read as text.
#include <fmt/format.h>

#include "engine/detect/copy_plan.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// "bin = @["server"]" -> server; "" when the package makes no program.
std::string program_of(std::string_view text) {
  for (const std::string_view line : lines_of(text)) {
    const auto parts = split(line, '=');
    if (parts.size() >= 2 && parts[0] == "bin") return quoted_after(line).value_or("");
  }
  return {};
}

std::string value_of(std::string_view text, std::string_view key) {
  for (const std::string_view line : lines_of(text))
    if (const auto parts = split(line, '='); parts.size() >= 2 && parts[0] == key) return quoted_after(line).value_or("");
  return {};
}

void analyse_nim(analysis& work) {
  work.out.language = "Nim";
  const std::string* text = work.files.read(work.self.manifest);
  const std::string program = text ? program_of(*text) : "";
  if (program.empty()) {
    work.out.no_service = "no bin in the .nimble file: a library";
    return;
  }
  work.out.name = name_of(program);
  work.because("program", program, "bin in " + work.self.manifest);
  for (const char* tool : {"nim", "c-build", "git", "ca-certificates"}) work.needs(tool);
  for (const char* tool : {"c-runtime", "ca-certificates", "openssl-runtime", "pcre-runtime"}) work.needs_at_runtime(tool);
  work.out.cache = {"/root/.nimble/pkgcache"};
  work.run("nimble install -y --depsOnly");
  work.run("nimble build -y -d:release");
  // Tasks that the Dockerfile calls make files that are served (style sheets, pages).
  for (const std::string_view task : {"scss", "css", "md", "assets"})
    if (contains(*text, fmt::format("task {},", task))) work.run(fmt::format("nimble {} -y", task));
  if (contains(*text, "\"sass\"") || contains(*text, "sass")) work.needs("sass-dev");
  const std::string installed = "/usr/local/bin/" + work.out.name;
  work.copy(join(value_of(*text, "binDir"), program), installed);
  work.starts_program(installed, work.self.manifest);
  // https://github.com/dom96/jester: 5000 when nothing else is set.
  const bool jester = contains(*text, "jester");
  if (jester) work.out.framework = "Jester";
  if (jester) work.because("framework", "Jester", "requires in " + work.self.manifest);
  for (const char* dir : {"public", "static", "templates"})
    if (work.files.has_directory(work.path(dir))) work.copy(std::string(dir) + "/", fmt::format("/app/{}/", dir));
  const std::vector<std::string> sources = work.sources({".nim"});
  copy_what_is_read(work, sources, {"loadConfig(", "getCfg("});
  apply(work, look_at_sources(work, sources, {"port = Port(", "Port(", "port: "}), jester ? std::uint16_t{5000} : std::uint16_t{0}, "Jester's usual port");
}

}  // namespace

const build_system nim_system{.name = "Nimble", .manifests = {"*.nimble"}, .analyse = analyse_nim};

}  // namespace peelbox::detect
