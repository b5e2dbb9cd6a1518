// Where a name of an output leads.
#pragma once

#include <optional>
#include <string>

#include "engine/async/failure.hpp"

namespace peelbox {

/// `name` with links followed at its end, also when the last one leads to nothing; links among its directories are the
/// kernel's business. As far as it could be followed when there are more than 40, or when one leads into a process's
/// descriptors.
std::string follow_last_link(const std::string& name);

/// The descriptor that `name` means: "-" (standard output), /dev/stdout, /dev/fd/3, /proc/self/fd/3 and links to them. It is the one that whoever
/// started the program gave to it; one that the program opened itself is failure{usage}, and so is one that cannot be
/// written. The caller does not own it.
result<std::optional<int>> given_descriptor(const std::string& name);

}  // namespace peelbox
