// Meson: the first executable() that is no test.
#include "engine/detect/native_libraries.hpp"
#include "engine/detect/systems/c_family.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

void analyse_meson(analysis& work) {
  const c_sources sources = find_c_sources(work);
  use_c(work, sources);
  work.needs("meson");
  work.needs("ninja");
  work.run("meson setup builddir --buildtype=release");
  work.run("meson compile -C builddir");
  for (const std::string& path : work.sources({"meson.build"})) {
    const std::string* text = work.files.read(path);
    if (!text) continue;
    add_native_libraries(work, *text, path);
    if (contains(*text, "dependency(")) work.needs("pkgconf");
    for (std::size_t at = 0; work.out.start.empty() && at != std::string::npos;) {
      const auto words = call_arguments(*text, "executable", at);
      const auto name = words.empty() ? std::nullopt : quoted_after(words.front());
      if (!name || name->empty() || contains(lower(*name), "test")) continue;
      work.because("program", *name, "executable() in " + path);
      std::string_view below = parent_of(path);
      below.remove_prefix(work.self.dir.empty() ? 0 : std::min(below.size(), work.self.dir.size() + 1));
      install_program(work, join(join("builddir", below), *name));
    }
  }
  if (work.out.start.empty()) work.out.no_service = "no executable(): a library";
  look_at_c(work, sources);
}

std::string refuses_meson(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  return text && contains(*text, "project(") ? "" : "no project() in it";
}

}  // namespace

const build_system meson_system{.name = "Meson",
                                .manifests = {"meson.build"},
                                .refuses = refuses_meson,
                                .recursive = true,
                                .analyse = analyse_meson};

}  // namespace peelbox::detect
