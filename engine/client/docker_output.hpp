// The image goes into Docker's image store.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/log.hpp"
#include "engine/client/daemon.hpp"
#include "engine/client/route.hpp"
#include "engine/client/request.hpp"

namespace peelbox::client {

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

/// [p] How an image gets into a Docker store.
struct docker_exporter {
  exporter how;
  /// The store sets times of its own, so SOURCE_DATE_EPOCH is of no use.
  bool ignores_epoch = false;
};

/// [p] `embedded`: the daemon is the engine's own BuildKit, which stores the image itself ("moby"); else an archive is made to
/// be loaded: a Docker archive, or an OCI archive for attestations and several platforms. `given` are the attributes that
/// the user named. errc::usage when the store cannot hold what was asked for, or would ignore one of them.
result<docker_exporter> choose_docker_exporter(bool embedded, image_store store, const docker_store& wanted,
                                               const exporter& given, const solve_request& solve);

/// The digests of the exporter's report that tell whether the engine has the image already.
struct image_digests {
  std::string manifest;
  std::string config;
  /// The engine's id of the same image: the config's digest (graph drivers) or the manifest's (containerd store).
  bool name(const std::string& id) const { return !id.empty() && (id == manifest || id == config); }
};

/// An export into a Docker store that is ready to run.
struct docker_export {
  docker_exporter exporter;
  /// Takes the archive; stays_in_daemon for an engine's own BuildKit.
  export_sink where;
  /// Written until the export has ended.
  std::shared_ptr<docker_delivery> delivery;
};

/// Asks daemon and engine. Fails before anything is built when the engine cannot be reached. `silence_limit`: how long an engine
/// that loads the image may be without a sign of life. `log` must outlive the export.
task<result<docker_export>> prepare_docker_export(std::shared_ptr<route> way, std::shared_ptr<h2grpc::connection> control,
                                                  docker_store wanted, exporter given, const solve_request& solve,
                                                  std::chrono::seconds silence_limit, const logger& log);

}  // namespace peelbox::client
