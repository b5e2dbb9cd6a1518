// The JSON documents of an image: index, manifest and configuration. They come from registries and daemons,
// so every parser is total: any bytes give a value or a failure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/oci/platform.hpp"

namespace peelbox::oci {

/// Registries refuse larger manifests (OCI distribution specification: at least 4 MiB have to be accepted).
inline constexpr std::size_t max_manifest_bytes = 4 << 20;
inline constexpr std::size_t max_config_bytes = 8 << 20;

inline constexpr std::string_view media_oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view media_oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view media_docker_index =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view media_docker_manifest =
    "application/vnd.docker.distribution.manifest.v2+json";

struct descriptor {
  std::string media_type;
  std::string digest;  ///< checked with parse_digest()
  std::uint64_t size = 0;
  std::map<std::string, std::string> annotations;
  std::optional<oci::platform> platform;
};

struct image_index {
  std::string media_type;
  std::vector<descriptor> manifests;
};

struct image_manifest {
  std::string media_type;
  descriptor config;
  std::vector<descriptor> layers;
};

using manifest_document = std::variant<image_index, image_manifest>;

/// Tells the kinds apart by "manifests" and "layers", since mediaType may be absent (OCI image specification,
/// manifest.md). errc::protocol when it is neither, and for schema 1; errc::limit when it is too large.
result<manifest_document> parse_manifest(std::string_view text);

/// The image for `wanted`, in its best variant; attestation manifests (platform unknown/unknown) are skipped.
/// Null when there is none. The pointer is valid as long as `index`.
const descriptor* select(const image_index& index, const platform& wanted);

/// The fields of an image configuration that we use.
struct image_config {
  oci::platform platform;
  std::string user;
  std::string working_dir;
  std::vector<std::string> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::map<std::string, std::string> labels;
  std::vector<std::string> exposed_ports;
  std::vector<std::string> volumes;
  std::string stop_signal;
  std::vector<std::string> diff_ids;
  /// Passed on unchanged as minified JSON: Docker's health check (an object) and the history (an array). Empty when
  /// absent.
  std::string health_check_json;
  std::string history_json;
};

/// errc::protocol when a value has another type than the specification says; errc::limit when it is too
/// large.
result<image_config> parse_image_config(std::string_view text);

}  // namespace peelbox::oci
