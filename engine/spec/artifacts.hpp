// From runtime.copy to files in the image.
//
// Whether a path is a file, a directory or a pattern with one match or many is known only after the build. So a
// script runs right after the last command, looks, and collects entry i in the directory /i of a tree of its own.
// It arranges the files so that copying the content of /i to a directory that is known beforehand gives the right
// result.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/llb/state.hpp"
#include "engine/spec/universal_build.hpp"

namespace peelbox::spec {

struct artifact {
  std::string from;       ///< absolute; keeps a trailing slash
  std::string directory;  ///< absolute; where the layout of this entry goes
  std::string name;       ///< the name in `directory`, or empty when the entry goes into it
};

/// `working_dir` and the well-known directories of Linux count as directories even without a trailing slash.
///
std::vector<artifact> plan_artifacts(const std::vector<copy_entry>& entries, std::string_view working_dir);

/// The script, its place in the container, and its arguments: COMMAND (may be empty), then FROM and NAME of
/// each.
extern const std::string_view layout_script;
inline constexpr std::string_view layout_script_directory = "/.peelbox/bin";
inline constexpr std::string_view layout_script_name = "build-and-collect";
inline constexpr std::string_view layout_target = "/.peelbox/out";

/// `layout` on top of `base`, as one layer. `stage` is what the step's name begins with.
llb::state copy_artifacts(const llb::state& base, const llb::state& layout,
                          const std::vector<copy_entry>& entries, const std::vector<artifact>& artifacts,
                          const std::string& stage = "[runtime]");

}  // namespace peelbox::spec
