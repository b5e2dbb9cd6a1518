// What a program writes to its standard output, as a whole.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::transport {

/// Runs `argv`, whose input is empty, in a session of its own: it cannot ask anything on our terminal. `name` is what messages call it.
/// Failures, after which it does not run any more: errc::connection when it ends with another code than 0, with its last words on
/// stderr; errc::timed_out after `limit`; errc::limit when it writes more than `most` bytes; errc::not_found when there is no such
/// program. What it says is untrusted text.
task<result<std::string>> program_output(std::vector<std::string> argv, std::string name, std::chrono::seconds limit, std::size_t most);

}  // namespace peelbox::transport
