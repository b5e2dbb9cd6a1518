// The build systems that there are.
#pragma once

#include "engine/detect/build_system.hpp"

namespace peelbox::detect {

extern const build_system bazel_system;
extern const build_system bundler_system;
extern const build_system cabal_system;
extern const build_system cargo_system;
extern const build_system clojure_system;
extern const build_system cmake_system;
extern const build_system composer_system;
extern const build_system crystal_system;
extern const build_system dart_system;
extern const build_system deno_system;
extern const build_system dotnet_system;
extern const build_system dune_system;
extern const build_system gleam_system;
extern const build_system go_system;
extern const build_system gradle_system;
extern const build_system hugo_system;
extern const build_system jekyll_system;
extern const build_system make_system;
extern const build_system maven_system;
extern const build_system meson_system;
extern const build_system mix_system;
extern const build_system mkdocs_system;
extern const build_system nim_system;
extern const build_system node_system;
extern const build_system python_system;
extern const build_system sbt_system;
extern const build_system swift_system;
extern const build_system zig_system;

// Without a manifest.
extern const build_system c_file_system;
extern const build_system go_file_system;
extern const build_system java_file_system;
extern const build_system node_file_system;
extern const build_system perl_file_system;
extern const build_system php_file_system;
extern const build_system procfile_system;
extern const build_system python_file_system;
extern const build_system shell_file_system;
extern const build_system static_site_system;

}  // namespace peelbox::detect
