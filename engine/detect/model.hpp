// What the phases hand to each other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/universal_build.hpp"

namespace peelbox::detect {

struct build_system;

enum class distro { wolfi, debian };

/// How sure a decision is: a manifest says so; a convention says so; nothing better was found.
enum class confidence { certain, likely, guess };
std::string_view to_string(confidence how) noexcept;

/// One decision: "version of node" = "20" because of ".nvmrc".
struct reason {
  std::string what;
  std::string value;
  std::string from;
  confidence how = confidence::certain;
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
  std::vector<std::string> command;
  std::vector<std::uint16_t> ports;
  std::string health;
  std::vector<reason> reasons;
  /// Not empty: why this is no service ("a library: …").
  std::string no_service;
};

}  // namespace peelbox::detect
