// Frontends on our side: programs that solve through the daemon's gateway and say what the result is.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"
#include "engine/client/request.hpp"
#include "engine/filesync/stat.hpp"

namespace moby::buildkit::v1::frontend {
class Result;
}

namespace peelbox::client {

/// What the daemon knows about an image.
struct resolved_image {
  /// Of the manifest or index; empty for an image that is only in the daemon's store, or that a source policy replaced.
  std::string digest;
  /// The image configuration, JSON.
  std::string config;
};

/// The result of a solve, as the daemon keeps it: references and metadata. Cheap to copy.
class gateway_result {
 public:
  gateway_result() = default;
  explicit gateway_result(std::shared_ptr<const moby::buildkit::v1::frontend::Result> message) : message_(std::move(message)) {}
  const moby::buildkit::v1::frontend::Result* message() const noexcept { return message_.get(); }

 private:
  std::shared_ptr<const moby::buildkit::v1::frontend::Result> message_;
};

/// What a program may ask of the daemon (frontend/gateway/pb/gateway.proto). On one thread; lives as long as the call of the
/// program that got it. Fails with errc::remote (the daemon's answer, with its status), connection or lost. All failures may be
/// returned as they are: the daemon repeats them as those of its solve. Cancelling a question abandons it.
class gateway_client {
 public:
  virtual ~gateway_client() = default;

  /// What the request is for, or else the daemon's own platform. Never empty.
  virtual task<result<std::vector<oci::platform>>> platforms() = 0;
  /// Digest and configuration of an image (a normalised reference). Each question is asked once in a build, whoever asks.
  virtual task<result<resolved_image>> resolve_image(std::string reference, oci::platform platform) = 0;
  /// Builds it, or finds it in the cache. The daemon may put the work off until the result is used.
  virtual task<result<gateway_result>> solve(std::shared_ptr<const pb::Definition> definition) = 0;
  virtual task<result<gateway_result>> solve(frontend_call frontend) = 0;
  /// A file of a result that has a single reference, whole. errc::limit beyond `most` bytes.
  virtual task<result<std::string>> read_file(gateway_result of, std::string path, std::size_t most) = 0;
  /// What stands at a path of such a result, links followed.
  virtual task<result<filesync::stat_entry>> stat_file(gateway_result of, std::string path) = 0;
  /// What the daemon's gateway can do, by the names of frontend/gateway/pb/caps.go ("gateway.solve.evaluate").
  virtual task<result<std::set<std::string>>> capabilities() = 0;
};

/// A coroutine that says what is built. Used by one build, on its thread. A cancelled build cancels prepare() and run().
class gateway_program {
 public:
  virtual ~gateway_program() = default;

  /// Asks for what has to be known before anything is solved. It runs for all programs of a build before the first of them
  /// solves, so that the steps that several share are known before any is reported. A failure is that of this solve.
  virtual task<result<void>> prepare(gateway_client& daemon);
  /// The definitions that run() hands in, as far as they are known after prepare().
  virtual std::vector<platform_build> plan() const { return {}; }
  /// Solves and gives the result, which the exporters get. May run twice: without an SBOM, when its scanner is missing.
  virtual task<result<gateway_result>> run(gateway_client& daemon) = 0;
};

/// Solves finished definitions, and gives their image configurations with them as the metadata of one result.
task<result<gateway_result>> solve_definitions(gateway_client& daemon, std::vector<platform_build> parts);

/// A program for definitions that depend on the configuration of base images.
struct late_plan {
  /// The images (normalised references) that `make` needs.
  std::vector<std::string> base_images;
  /// The answers for one platform, by reference.
  using images = std::map<std::string, resolved_image>;
  /// Called once for each platform.
  std::function<result<platform_build>(const oci::platform& platform, const images& found)> make;
};
std::shared_ptr<gateway_program> program_of(late_plan plan);

/// What a frontend says besides its result, by key ("result.txt", "result.json", frontend/subrequests); bytes as they are.
using frontend_answer = std::map<std::string, std::string>;

/// Calls a frontend for its answer, which is there when the build has ended without a failure.
std::shared_ptr<gateway_program> program_of(frontend_call question, std::shared_ptr<frontend_answer> answer);

/// The program for definitions that Control.Solve cannot carry.
std::shared_ptr<gateway_program> program_of(definitions finished);

}  // namespace peelbox::client
