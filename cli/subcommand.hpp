// Subcommands of CLI11. That is a library of headers, so a file that makes an App compiles the whole parser, which takes
// many seconds. Only this file's .cpp and main.cpp include CLI/Config.hpp and CLI/Formatter.hpp.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace peelbox::cli {

/// The new command belongs to `parent`.
CLI::App* add_subcommand(CLI::App& parent, const std::string& name, const std::string& about);

}  // namespace peelbox::cli
