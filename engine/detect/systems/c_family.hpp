// What Make, CMake, Meson and plain C have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

struct c_sources {
  std::vector<std::string> files;
  bool cxx = false;
};
c_sources find_c_sources(const analysis& work);
/// Below the directory of the manifest, whoever's they are. "" if so, else the reason to refuse the manifest.
std::string refuse_without_c(repository& files, std::string_view manifest);

/// Language, compiler and C library.
void use_c(analysis& work, const c_sources& sources);

/// The program `artifact` (relative to the service) becomes /usr/local/bin/NAME and the command.
void install_program(analysis& work, std::string_view artifact);
/// Port and health check from C sources.
void look_at_c(analysis& work, const c_sources& sources);

/// Words in the parentheses behind the first `function(` at or behind `at`; `at` moves behind them, or to npos.
std::vector<std::string> call_arguments(std::string_view text, std::string_view function, std::size_t& at);

}  // namespace peelbox::detect
