// What a command before the pipe wrote, for a `-` in place of a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::cli {

/// All of standard input. `flag` is whose `-` it was. failure{usage} for a terminal, for nothing at all, and for more than
/// `most` bytes; failure{cancelled} when cancelled, which does not wait for the writer.
task<result<std::string>> read_standard_input(std::string_view flag, std::size_t most);

}  // namespace peelbox::cli
