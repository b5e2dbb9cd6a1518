// A whole small file, also one that is a pipe.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox {

/// All bytes of `path`. `what` begins the messages. errc::not_found, permission, io, limit (more than `most` bytes), and
/// timed_out when a pipe, such as the `<(…)` of a shell, is not written to and closed within `patience`. Blocks.
result<std::string> read_file(const std::string& path, std::string_view what, std::size_t most,
                              std::chrono::milliseconds patience = std::chrono::seconds(30));

}  // namespace peelbox
