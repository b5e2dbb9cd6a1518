// Zig projects, read as text.
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

void analyse_zig(analysis& work) {
  work.out.language = "Zig";
  const std::string* text = work.files.read(work.self.manifest);
  const std::size_t at = text ? text->find("addExecutable") : std::string::npos;
  const std::size_t name_at = at == std::string::npos ? at : text->find(".name", at);
  const auto name = name_at == std::string::npos ? std::nullopt : quoted_after(*text, name_at);
  if (!name || name->empty()) {
    work.out.no_service = "no addExecutable with a name: a library";
    return;
  }
  work.out.name = *name;
  work.because("program", *name, "addExecutable in " + work.self.manifest);
  work.needs("zig");
  work.needs_at_runtime("c-runtime");
  work.out.cache = {"/root/.cache/zig"};
  work.run("zig build -Doptimize=ReleaseSafe");
  const std::string installed = "/usr/local/bin/" + *name;
  work.copy("zig-out/bin/" + *name, installed);
  work.starts_program(installed, work.self.manifest);
  apply(work, look_at_sources(work, work.sources({".zig"}), {"parseIp(\"0.0.0.0\", ", "initIp4(.{ 0, 0, 0, 0 }, ", "port = "}), 0, "");
}

}  // namespace

const build_system zig_system{.name = "Zig", .manifests = {"build.zig"}, .analyse = analyse_zig};

}  // namespace peelbox::detect
