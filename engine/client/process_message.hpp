// The daemon's message about a command that failed: process "…" did not complete successfully: exit code: 2
// (executor/errdefs, solver/llbsolver/ops/exec.go). The command in it may be one of our own scripts around what the spec
// says; people are told the latter. Pure, total over hostile texts; what is returned is not sanitised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peelbox::client {

/// The command as the spec has it, without the shell around it; empty if the message is another one. `step_name` may be
/// empty.
std::string command_in(std::string_view message, std::string_view step_name);

/// The exit code that the message gives that command.
std::optional<std::int64_t> exit_code_in(std::string_view message);

/// The message with that command (shortened) instead of a script of ours, and with each gRPC code named once.
std::string readable_message(std::string_view message, std::string_view step_name);

}  // namespace peelbox::client
