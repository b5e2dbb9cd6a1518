#include "engine/detect/systems/table.hpp"

#include <array>

namespace peelbox::detect {

std::span<const build_system* const> build_systems() {
  // Where several claim a directory: languages before the package.json that a web front end brings along, and those
  // before general tools, which other build systems' projects often have for their tasks.
  static constexpr std::array all{
      &cargo_system,     &go_system,     &maven_system,      &gradle_system,      &dotnet_system,     &mix_system,
      &sbt_system,       &clojure_system, &gleam_system,  &swift_system,      &dart_system,        &cabal_system,      &zig_system,
      &crystal_system, &dune_system, &nim_system, &hugo_system, &jekyll_system,
      &bundler_system,   &composer_system, &python_system,   &deno_system,        &node_system,       &mkdocs_system, &bazel_system,
      &cmake_system,     &meson_system,     &make_system,
      // Weak: only where nothing else is.
      &python_file_system, &go_file_system, &node_file_system, &php_file_system, &java_file_system, &c_file_system,
      &perl_file_system, &shell_file_system, &static_site_system, &procfile_system};
  return all;
}

}  // namespace peelbox::detect
