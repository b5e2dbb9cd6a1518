#include "cli/subcommand.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace peelbox::cli {

CLI::App* add_subcommand(CLI::App& parent, const std::string& name, const std::string& about) {
  return parent.add_subcommand(name, about);
}

}  // namespace peelbox::cli
