// The Docker Engine API, as far as a builder needs it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/docker/engine_address.hpp"
#include "engine/http/client.hpp"
#include "transport/http_upgrade.hpp"

namespace peelbox::docker {

struct engine_version {
  std::string version;      ///< "26.1.5"
  std::string api_version;  ///< "1.45"
  std::string os;
  std::string arch;
};

struct engine_info {
  std::string storage_driver;
  /// Whether it has the containerd image store, which holds indexes and attestations (moby, daemon/containerd).
  bool containerd_store = false;
};

/// An image that the engine holds.
struct engine_image {
  /// Digest of the config (graph drivers) or of the manifest or index (containerd store).
  std::string id;
};

/// Calls share connections, which are kept for a few seconds after a call; load_image, exec's stream and hijack have each
/// one of their own. Used on one thread; must outlive its calls. Failures carry the engine's address and its own words:
/// errc::connection, not_found (no such socket; 404), permission, timed_out, protocol, limit, tls, usage.
class engine_client {
 public:
  engine_client(engine_address where, transport::dial_limits limits = {});

  const engine_address& address() const noexcept { return where_; }

  /// GET /_ping: proves that an engine is there.
  task<result<void>> ping() const;
  task<result<engine_version>> version() const;
  task<result<engine_info>> info() const;
  /// std::nullopt: there is no such image.
  task<result<std::optional<engine_image>>> inspect_image(std::string name) const;
  /// Gives the image another name, "repository:tag".
  task<result<void>> tag_image(std::string name, std::string repository, std::string tag) const;
  /// POST /images/load: an archive as it comes. Gives what the engine said of it: says_loaded() tells whether that is
  /// what it says of a loaded image. errc::io: the engine refused it, also inside of a good reply. errc::lost: the engine
  /// went away, or nothing happened for `silence` and it did not answer a ping either.
  task<result<std::string>> load_image(http::body_source archive, std::chrono::milliseconds silence) const;
  /// Runs a program in a running container; the stream is its stdin and stdout, and its stderr becomes the failure.
  task<result<transport::stream_ptr>> exec(std::string container, std::vector<std::string> argv,
                                           std::string name) const;
  /// POST /grpc or /session: the connection afterwards carries HTTP/2.
  task<result<transport::stream_ptr>> hijack(transport::upgrade_request request) const;

 private:
  task<result<transport::stream_ptr>> dial() const;
  /// Fails when the engine does not live any more; `seen` is when something last happened.
  task<result<void>> watch(std::shared_ptr<std::chrono::steady_clock::time_point> seen,
                           std::chrono::milliseconds silence) const;
  task<result<http::reply>> call(http::request what, http::limits most) const;

  engine_address where_;
  transport::dial_limits limits_;
  std::shared_ptr<transport::dial_gate> gate_;
  /// What a program that carries connections may take before its first answer.
  std::chrono::milliseconds patience_;
  std::unique_ptr<http::client> client_;
};

/// [p] True for an engine's words of an image that it has loaded (moby and Podman: "Loaded image: …").
bool says_loaded(std::string_view said);

/// [p] The error inside the JSON lines of POST /images/load, or what it said ("Loaded image: …").
result<std::string> read_load_reply(std::string_view lines);

}  // namespace peelbox::docker
