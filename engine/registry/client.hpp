// Manifests and blobs of registries (OCI distribution specification 1.1).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/oci/image_reference.hpp"
#include "engine/oci/manifest.hpp"
#include "engine/registry/host.hpp"

namespace peelbox::registry {

struct repository {
  std::string registry;  ///< "docker.io", "localhost:5000"
  std::string name;      ///< "library/alpine"

  std::string text() const { return registry + "/" + name; }
  bool operator==(const repository&) const = default;
};
repository repository_of(const oci::image_reference& reference);

/// A manifest or index as its registry has it.
struct manifest_text {
  std::string media_type;
  std::string digest;
  std::string bytes;
};

/// Of a HEAD request.
struct manifest_head {
  std::string media_type;
  std::string digest;
};

struct client_options : host_options {
  /// What is known of a host; called once for each.
  std::function<result<host_settings>(std::string_view host)> settings;
  /// Bytes of one request of an upload.
  std::size_t chunk = 8 << 20;
};

/// Connections, tokens and what is known of the registries. On one thread; must outlive its calls. Everything that comes in
/// is bounded, and compared with its digest. All failures name the registry and what was asked: those of host::ask and of
/// refusal(); errc::protocol: another digest or size than was announced.
class client {
 public:
  explicit client(client_options options);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// By digest if `which` has one, else by tag.
  task<result<manifest_text>> manifest(oci::image_reference which);
  /// std::nullopt: it is not there.
  task<result<std::optional<manifest_head>>> find_manifest(repository in, std::string tag_or_digest);
  /// Under a tag, or under its own digest.
  task<result<void>> put_manifest(repository in, std::string tag_or_digest, manifest_text what);

  task<result<bool>> has_blob(repository in, std::string digest);
  /// A blob of at most `most` bytes. `size` is what its descriptor says.
  task<result<std::string>> small_blob(repository in, std::string digest, std::uint64_t size, std::size_t most);
  task<result<void>> put_blob(repository in, std::string digest, std::string bytes);
  /// From one repository to another: nothing when it is there already, mounted within a registry, else read and uploaded in
  /// pieces, with one of them in memory. A copy that breaks off begins again, as often as retry_policy says.
  task<result<void>> copy_blob(repository from, repository to, std::string digest, std::uint64_t size);

 private:
  struct upload;
  result<host*> host_of(const std::string& registry);
  task<result<bool>> find_blob(repository in, std::string digest, bool repeats);
  task<result<std::optional<upload>>> begin_upload(repository in, std::string digest, std::optional<repository> mount_from);
  task<result<void>> append(upload& to, std::string piece);
  /// With what was not appended.
  task<result<void>> finish(upload& to, std::string digest, std::string rest);
  task<result<void>> put_once(repository to, std::string digest, const std::string& bytes);
  task<result<void>> read_blob(repository in, std::string digest, std::uint64_t size, http::body_sink sink);
  task<result<void>> stream_blob(repository from, std::string digest, std::uint64_t size, upload& to);

  client_options options_;
  std::map<std::string, std::unique_ptr<host>> hosts_;
};

}  // namespace peelbox::registry
