// CMake: the program is the executable that has the project's name, else the first one.
#include <fmt/format.h>

#include "engine/detect/native_libraries.hpp"
#include "engine/detect/systems/c_family.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

struct executable {
  std::string name;
  std::string dir;  ///< of its CMakeLists.txt
};

std::string unquoted(std::string text) {
  std::erase(text, '"');
  return text;
}

void analyse_cmake(analysis& work) {
  const c_sources sources = find_c_sources(work);
  use_c(work, sources);
  work.needs("cmake");
  work.run("cmake -S . -B build -DCMAKE_BUILD_TYPE=Release");
  work.run("cmake --build build --parallel $(nproc)");
  const std::string* root = work.files.read(work.self.manifest);
  if (!root) {
    work.out.no_service = "CMakeLists.txt cannot be read";
    return;
  }
  std::size_t at = 0;
  const auto project = call_arguments(*root, "project", at);
  const std::string project_name = project.empty() ? "" : unquoted(project.front());
  std::vector<executable> found;
  for (const std::string& path : work.sources({"CMakeLists.txt"})) {
    const std::string* text = work.files.read(path);
    if (!text) continue;
    add_native_libraries(work, *text, path);
    for (at = 0; at != std::string::npos;) {
      const auto words = call_arguments(*text, "add_executable", at);
      if (words.empty() || (words.size() > 1 && (words[1] == "IMPORTED" || words[1] == "ALIAS"))) continue;
      std::string name = unquoted(words.front());
      for (const char* variable : {"${PROJECT_NAME}", "${CMAKE_PROJECT_NAME}"})
        if (name == variable) name = project_name;
      if (name.empty() || contains(name, "$") || contains(lower(name), "test")) continue;
      found.push_back({name, std::string(parent_of(path))});
    }
  }
  if (found.empty()) {
    work.out.no_service = "no add_executable: a library";
    return;
  }
  executable chosen = found.front();
  for (const executable& e : found)
    if (e.name == project_name) chosen = e;
  work.because("program", chosen.name, "add_executable in " + join(chosen.dir, "CMakeLists.txt"),
               found.size() == 1 ? confidence::certain : confidence::likely);
  std::string_view below = chosen.dir;
  below.remove_prefix(work.self.dir.empty() ? 0 : std::min(below.size(), work.self.dir.size() + 1));
  std::string artifact = join(join("build", below), chosen.name);
  if (contains(*root, "RUNTIME_OUTPUT_DIRECTORY") &&
      (contains(*root, "BINARY_DIR}/bin") || contains(*root, "BINARY_DIR}/bin\"")))
    artifact = "build/bin/" + chosen.name;
  install_program(work, artifact);
  look_at_c(work, sources);
}

}  // namespace

const build_system cmake_system{
    .name = "CMake", .manifests = {"CMakeLists.txt"}, .refuses = refuse_without_c, .recursive = true, .analyse = analyse_cmake};

}  // namespace peelbox::detect
