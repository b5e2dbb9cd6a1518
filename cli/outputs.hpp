// The files and directories that a build will fill.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/output_option.hpp"
#include "engine/client/request.hpp"

namespace peelbox::cli {

/// Opens the file, or sees that the directory can be made and filled. `contexts` are directories that must not be emptied by
/// mode=delete. errc::usage, and permission and io for files.
result<client::export_sink> open_output(const output_option& output, const std::vector<std::string>& contexts);

/// Makes the directories above outputs of several services: "out" of dest=out/{service}.tar.
result<void> make_parents(const output_option& output);

bool looks_like_archive(std::string_view path);

}  // namespace peelbox::cli
