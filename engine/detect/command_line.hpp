// Command lines that other files have: what port they are told, and their words.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::detect {

/// "8080" and "8080/tcp"; 0 for everything else.
std::uint16_t port_of(std::string_view text);

/// The port that a command is told: "--port 80", "-p 80", "--bind 0.0.0.0:80", "PORT=80 …"; 0 when it is told none.
std::uint16_t port_in_command(std::string_view text);

/// Process type -> command.
std::map<std::string, std::string> read_procfile(std::string_view text);

/// {"/bin/sh", "-c", "exec COMMAND"}; the command itself when it needs no shell.
std::vector<std::string> as_command(std::string_view shell_text);

/// Without "tini --", "dumb-init" and the like, which only start what is behind them.
std::vector<std::string> without_init(std::vector<std::string> words);

/// What starts `words` with another working directory than /app.
std::vector<std::string> in_directory(std::string_view dir, std::vector<std::string> words);

}  // namespace peelbox::detect
