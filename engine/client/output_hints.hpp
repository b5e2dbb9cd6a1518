// What the last lines of a failed process tell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/client/error_hints.hpp"

namespace peelbox::client {

inline constexpr std::string_view disk_full = "a disk is full where the daemon runs";
inline constexpr std::string_view disk_full_advice =
    "free space there, for example by pruning the daemon's build cache; /dev/shm and tmpfs mounts of a step "
    "have small limits "
    "of their own";
inline constexpr std::string_view wrong_processor = "a program is for another processor architecture";
inline constexpr std::string_view wrong_processor_advice =
    "install emulation where the daemon runs (binfmt), or build for its own platform";

/// Looks at standard error only, and there at whole lines in the form in which a well-known program writes
/// them. Pure.
std::optional<error_hint> output_hint(const std::vector<log_line>& tail);

/// The program that a shell did not find: "sh: 1: cmake: not found", "bash: line 1: cmake: command not
/// found"; else empty.
std::string program_not_found(const std::vector<log_line>& tail);

}  // namespace peelbox::client
