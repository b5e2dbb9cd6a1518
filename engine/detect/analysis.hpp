// What a build system has at hand while it describes one service.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/dockerfile.hpp"
#include "engine/detect/model.hpp"
#include "engine/detect/repository.hpp"

namespace peelbox::detect {

/// What a Dockerfile and a compose file say about a service; they were written for another image, so they are hints.
struct hints {
  std::map<std::string, std::string> env;
  std::string env_from;
  std::vector<std::string> command;  ///< paths of the image made relative to its WORKDIR
  std::string command_from;
  std::string base;  ///< the image that the last stage is built on
  std::vector<std::string> images;  ///< of all FROM lines: "node:20-alpine"
  std::string images_from;
  std::vector<dockerfile_run> runs;  ///< the instructions of the Dockerfile that build; else recipes of named_tasks.hpp
  std::string runs_from;
  confidence runs_how = confidence::certain;  ///< certain when they are a Dockerfile's
  std::vector<std::string> copied;  ///< files of the repository that the last stage takes
  std::vector<dockerfile_copy> copies;
  std::vector<dockerfile_move> moves;
  std::string copies_from;
  std::string workdir;
  std::vector<std::string> wanted;  ///< names of variables that it is given
  std::string wanted_from;
};

class analysis {
 public:
  analysis(repository& files, const candidate& self, const std::vector<candidate>& all, distro target, draft& out);

  repository& files;
  const candidate& self;
  const std::vector<candidate>& all;
  const distro target;
  draft& out;

  // Paths of the service are relative to its directory.
  std::string path(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::string* read(std::string_view name);
  /// The first of the names that exists, or "".
  std::string first_of(std::initializer_list<std::string_view> names) const;
  /// The path of the first of the names that exists or is evidence, or "".
  std::string first_evidence(std::initializer_list<std::string_view> names) const;
  /// The first of the names that exists (or is evidence) in the directory of the service or one above it, up to the root: its path.
  std::string first_upwards(std::initializer_list<std::string_view> names) const;

  void because(std::string_view what, std::string_view value, std::string_view from,
               confidence how = confidence::certain);
  /// "cd DIR && COMMAND"; the command alone for the root.
  static std::string command_in(std::string_view dir, std::string_view command);
  void run(std::string_view command);          ///< in the directory of the service
  void run_at_root(std::string_view command);  ///< in the root of its workspace
  void copy(std::string_view from, std::string_view to);  ///< `from` in the directory of the service
  void needs(std::string_view tool, std::string_view version = {});
  void needs_at_runtime(std::string_view tool, std::string_view version = {});
  hints hint;
  // Findings, for decide(). A port of 0 and a start without words are none.
  void listens(rank of, std::uint16_t port, std::string_view from, confidence how = confidence::likely);
  void starts(rank of, way_to_start how_to, std::string_view from, confidence how = confidence::likely);
  void starts(rank of, std::vector<std::string> words, std::string_view from, confidence how = confidence::likely);
  /// What is started is the program that is at `installed` (absolute) in the image.
  void starts_program(std::string_view installed, std::string_view from, confidence how = confidence::likely);

  /// Files of the service with one of the endings (".js"), those in directories of other candidates left out; those
  /// nearest to its directory first. Bounded.
  std::vector<std::string> sources(std::initializer_list<std::string_view> endings) const;
  /// The same for build systems that take in every directory below without a `manifest` of its own, whoever else has it.
  std::vector<std::string> sources_without(std::string_view manifest, std::initializer_list<std::string_view> endings) const;

 private:
  std::vector<std::string> find_sources(std::string_view manifest, std::initializer_list<std::string_view> endings) const;
};

/// Where a program listens and what it answers, as far as its text shows it.
struct source_facts {
  std::optional<std::uint16_t> port;
  std::string port_from;
  std::optional<std::uint16_t> setting;  ///< the default of a setting called "port"
  std::string setting_from;
  std::string health;
  std::string health_from;
  std::string port_variable_from;  ///< a file that reads the environment variable PORT
};

/// `before_port`: texts directly before the digits of a port; blanks and quotes between are passed over. They count in
/// files that serve something, so that the port of a database is not taken for the program's own.
source_facts look_at_sources(analysis& work, const std::vector<std::string>& paths,
                             std::initializer_list<std::string_view> before_port);
/// For a command that we make and that is told the port, usually `usual`: what stands there until the port is decided.
std::string_view told_port(analysis& work, std::uint16_t usual, std::string_view usual_from);
/// Adds findings of port and health check, and whether PORT is read, from what the sources show. `usual` is the
/// framework's port, 0 when there is none; without any evidence the service has no port.
void apply(analysis& work, const source_facts& facts, std::uint16_t usual, std::string_view usual_from);

}  // namespace peelbox::detect
