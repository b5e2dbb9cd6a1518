// A valid spec -> build graph and image configuration.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/llb/definition.hpp"
#include "engine/oci/manifest.hpp"
#include "engine/oci/platform.hpp"
#include "engine/spec/universal_build.hpp"

namespace peelbox::spec {

inline constexpr std::string_view default_build_image = "cgr.dev/chainguard/wolfi-base:latest";
inline constexpr std::string_view default_runtime_image = "cgr.dev/chainguard/wolfi-base:latest";

enum class package_manager { automatic, apk, apt };

struct base_description {
  /// Of the manifest or index. The graph refers to the image by it, so that tree and configuration belong to the same
  /// image even when the tag moves. Empty: by its tag alone.
  std::string digest;
  oci::image_config config;
};

struct plan_options {
  std::string build_image{default_build_image};
  std::string runtime_image{default_runtime_image};
  oci::platform platform = oci::host_platform();

  /// The local source: its name, the session that serves it (local.session), the key under which the daemon
  /// finds the previous transfer again (local.sharedkeyhint; the name when empty), and patterns that the
  /// daemon sends back to us. Without a session id any session of the build serves the context.
  std::string context_name = "context";
  std::string session_id;
  std::string shared_key_hint;
  std::vector<std::string> include_patterns;
  std::vector<std::string> exclude_patterns;
  /// The same with links followed; see selected_paths().
  std::vector<std::string> follow_paths;
  /// The daemon asks for every file (local.differ=none) instead of comparing sizes and times with what it has.
  bool always_transfer = false;

  bool no_cache = false;
  /// Which project the cache directories of build.cache belong to, short and of harmless characters: on a daemon that several
  /// projects use, a service name, a platform and a directory are not enough to tell them apart. Empty: nobody else uses it.
  std::string cache_key;
  /// Steps that depend on the platform carry its name; for builds of several.
  bool names_platform = false;
  package_manager packages = package_manager::automatic;

  /// `entrypoint` replaces runtime.command; `cmd` becomes Cmd.
  std::optional<std::vector<std::string>> entrypoint;
  std::vector<std::string> cmd;
  std::map<std::string, std::string> labels;
  std::string user;  ///< empty: root
  std::string working_dir = "/app";

  /// The configurations of the base images, if the caller knows them: the daemon merges nothing. Without them, build
  /// steps have only the environment of the spec, and the image only what the spec says.
  std::optional<base_description> build_base;
  std::optional<base_description> runtime_base;
};

/// The base images whose configuration make_plan() uses: normalised, without scratch, each once.
/// errc::usage for a reference that does not parse.
result<std::vector<std::string>> base_images(const universal_build& service, const plan_options& options);

struct plan_result {
  llb::definition definition;
  /// For the exporter attribute `containerimage.config` (or the gateway result of that name).
  std::string image_config_json;
  std::vector<std::string> warnings;
  oci::platform platform;
};

/// The graph (docs/universalbuild.md explains the choices):
///
///   1  build image -> packages
///   2  local context -> copy to an empty tree
///   3  commands on 1 and 2, a step each; the last one also lays out runtime.copy
///   4  runtime image -> packages
///   5  what 3 laid out, copied on top of 4: the image
///
/// Steps on the build image have its environment below that of the spec, as a Dockerfile's RUN has; all run as root.
/// Neither 1 nor 4 depends on the context, so a changed source file installs no package again.
/// Deterministic: equal arguments give equal bytes. errc::usage for an image reference that does not parse
/// and for a spec that validate() calls wrong.
result<plan_result> make_plan(const universal_build& service, const plan_options& options);

}  // namespace peelbox::spec
