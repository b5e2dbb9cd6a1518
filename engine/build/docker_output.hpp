// The image goes into Docker's image store.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/log.hpp"
#include "engine/build/daemon.hpp"
#include "engine/build/route.hpp"
#include "engine/build/solve_options.hpp"
#include "engine/session/filesend_service.hpp"

namespace peelbox::build {

/// Asks for the result in Docker's image store instead of a file.
struct docker_output {
  /// Normalised references with a tag; at least one.
  std::vector<std::string> image_names;
  docker::environment variables;
  /// How long an engine that loads the image may be without a sign of life.
  std::chrono::milliseconds silence_limit{60'000};
};

/// How the image came to the engine.
struct docker_delivery {
  enum class how { stored, loaded, unchanged };
  how way = how::stored;
  /// What messages call the engine.
  std::string engine;
  /// With `unchanged`: the image was there under another name, and only the name was added.
  bool tagged = false;
};

/// [p] Which store an engine has.
enum class image_store { containerd, graph_driver };

/// [p] Sets exporter and attributes of `solve`. `embedded`: the daemon is the engine's own BuildKit, which stores the
/// image itself ("moby"); else an archive is made to be loaded: a Docker archive, or an OCI archive for attestations
/// and several platforms. errc::usage when the store cannot hold what was asked for, or would ignore a field of the
/// output. Where SOURCE_DATE_EPOCH would be ignored it is taken out.
result<void> choose_docker_exporter(bool embedded, image_store store, const docker_output& wanted, solve_options& solve);

/// The digests of the exporter's report that tell whether the engine has the image already.
struct image_digests {
  std::string manifest;
  std::string config;
  /// The engine's id of the same image: the config's digest (graph drivers) or the manifest's (containerd store).
  bool name(const std::string& id) const { return !id.empty() && (id == manifest || id == config); }
};

/// Asks daemon and engine, and fills exporter and target of the build. `delivery` is written when it has ended.
/// Fails before anything is built when the engine cannot be reached.
task<result<void>> prepare_docker_output(std::shared_ptr<route> way, std::shared_ptr<h2grpc::connection> control,
                                         docker_output wanted, solve_options& solve,
                                         std::optional<session::export_target>& target,
                                         std::shared_ptr<docker_delivery> delivery, const logger& log);

}  // namespace peelbox::build
