// UniversalBuild: what a person (or `detect`) says about one service. docs/universalbuild.md describes the
// JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace peelbox::spec {

struct metadata_section {
  std::string project_name;  ///< empty when absent
  std::string language;
  std::string build_system;
  std::string framework;  ///< empty when absent
  std::string reasoning;
};

/// What commands get of a secret that --secret gives: a file, or a variable.
struct secret_use {
  std::string id;
  std::string to;   ///< an absolute path; with neither `to` nor `env` /run/secrets/ID
  std::string env;  ///< the name of a variable
  bool optional = false;

  std::string path() const { return to.empty() && env.empty() ? "/run/secrets/" + id : to; }
};

struct build_section {
  std::vector<std::string> packages;
  std::map<std::string, std::string> env;
  std::vector<std::string> commands;  ///< shell text, run in /build
  std::vector<std::string> cache;     ///< absolute, or relative to /build
  std::vector<secret_use> secrets;
  std::vector<std::string> ssh;  ///< ids of agents that --ssh gives
};

struct copy_entry {
  std::string from;  ///< absolute, or relative to /build; may be a glob
  std::string to;    ///< absolute path in the image
};

struct health_check {
  std::string endpoint;  ///< path of an HTTP request, such as "/healthz"
};

struct runtime_section {
  std::vector<std::string> packages;
  std::map<std::string, std::string> env;
  std::vector<copy_entry> copy;
  std::vector<std::string> command;  ///< exec form; becomes the image's Entrypoint
  std::vector<std::uint16_t> ports;
  std::optional<health_check> health;
};

struct universal_build {
  std::string version = "1.0";
  metadata_section metadata;
  build_section build;
  runtime_section runtime;
};

}  // namespace peelbox::spec
