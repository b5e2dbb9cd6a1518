// Names of images, as people write them and as registries and BuildKit want them.
#pragma once

#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::oci {

/// A normalised reference. The rules and the short forms are those of Docker (distribution/reference
/// normalize.go and regexp.go): "alpine" is docker.io/library/alpine:latest.
struct image_reference {
  std::string registry;    ///< "docker.io", "localhost:5000", "[::1]:5000"
  std::string repository;  ///< "library/alpine"
  std::string tag;         ///< "latest" when neither tag nor digest was written; may be empty beside a digest
  std::string digest;      ///< "sha256:…" or empty

  /// registry/repository
  std::string name() const;
  /// The full form, which `docker-image://` needs: registry/repository[:tag][@digest].
  std::string text() const;
  /// The short form, without what Docker would add: "alpine:3.20", "peelbox/debian:12".
  std::string familiar() const;

  bool operator==(const image_reference&) const = default;
};

/// errc::usage names the part that is wrong and what it may look like.
result<image_reference> parse_image_reference(std::string_view text);

}  // namespace peelbox::oci
