// What the phases hand to each other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/findings.hpp"
#include "engine/spec/universal_build.hpp"

namespace peelbox::detect {

struct build_system;

enum class distro { wolfi, debian };

/// One decision: "version of node" = "20" because of ".nvmrc".
struct reason {
  std::string what;
  std::string value;
  std::string from;
  confidence how = confidence::certain;
  /// What else was found for it, and where: "5000 (Flask's usual port)".
  std::vector<std::string> against;
};

/// Another build system that claims the directory of a candidate.
struct claim {
  const build_system* system = nullptr;
  std::string manifest;
};

/// A directory that a build system claims.
struct candidate {
  std::string dir;
  std::string manifest;  ///< path
  const build_system* system = nullptr;
  /// Directory whose workspace this is a member of, the outermost one; `dir` itself when there is none.
  std::string root;
  bool is_member = false;
  /// Directories of the workspace that this one is the root of.
  std::vector<std::string> members;
  /// Directories of candidates of this repository that have to be built before.
  std::vector<std::string> needs;
  /// Who else claims the directory; tried in this order when `system` makes no service of it.
  std::vector<claim> others;
};

/// What was found and not taken, with the reason.
struct rejected {
  std::string path;
  std::string why;
};

/// A tool by the name that packages.cpp knows, with a version or "" for the newest.
struct tool {
  std::string name;
  std::string version;
};

/// Stands for the port in commands, until it is decided.
inline constexpr std::string_view port_mark = "\x01port\x01";

/// A way to start a service, and what only this way needs.
struct way_to_start {
  std::vector<std::string> words;
  std::vector<std::string> commands;    ///< at the end of the build
  std::vector<spec::copy_entry> copy;
};

/// What the build of another candidate leaves at `from`, and where the service's image has it.
struct image_part {
  std::string dir;  ///< of the other candidate
  std::string from;
  std::string to;
};

/// A service before its tools have become packages.
struct draft {
  std::string dir;
  std::string name;
  std::string language;
  std::string build_system;
  std::string framework;
  std::vector<tool> build_tools;
  std::vector<tool> runtime_tools;
  std::map<std::string, std::string> build_env;
  std::vector<std::string> commands;
  std::vector<std::string> cache;
  std::map<std::string, std::string> runtime_env;
  std::vector<spec::copy_entry> copy;
  // What is known of the fields that decide() fills.
  contest<way_to_start> start;
  contest<std::uint16_t> port;
  contest<std::string> health_path;
  /// Who wants the port in the environment variable PORT, and in which other variables it stands (port_mark).
  std::string port_variable_from;
  std::map<std::string, std::string> port_env;
  /// The program that the build makes, where other files may call it by another path: "/usr/local/bin/api".
  std::string program;
  /// A directory inside of another candidate into which it builds, and directories of candidates that are built into it.
  std::string feeds;
  std::vector<std::string> embeds;
  std::vector<image_part> parts;

  std::vector<std::string> command;
  std::size_t build_commands = 0;  ///< the first of `commands`: those that build, whatever is started
  std::vector<std::uint16_t> ports;
  std::string health;
  std::vector<reason> reasons;
  /// Not empty: why this is no service, whatever could be started ("a test project").
  std::string no_service;
  /// A Procfile says what to start, so it is a service whatever else it looks like.
  bool has_procfile = false;
  /// Why it is none when no file says what to start ("no main file: a library").
  std::string nothing_to_start;
};

}  // namespace peelbox::detect
