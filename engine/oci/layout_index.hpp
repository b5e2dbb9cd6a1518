// index.json of an OCI image layout (OCI image specification, image-layout.md): which content has which tag.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::oci {

inline constexpr std::string_view layout_index_file = "index.json";
inline constexpr std::string_view layout_marker_file = "oci-layout";
inline constexpr std::string_view layout_marker = R"({"imageLayoutVersion":"1.0.0"})";

/// What an entry is called, as BuildKit's clients write it (client/ociindex).
struct layout_name {
  std::string image;  ///< in full, annotation io.containerd.image.name; empty for a tag alone, as caches have it
  std::string tag;    ///< annotation org.opencontainers.image.ref.name
};

/// That of an image: the reference as it is, and its tag, or what follows @ where there is none.
layout_name name_of_image(std::string_view reference);

/// The digest of the descriptor that has the name: of an image in full, else of a tag, and there before an image with that tag. Of
/// several the first. std::nullopt: there is none. errc::protocol for what is no index, errc::limit for more than max_manifest_bytes.
result<std::optional<std::string>> tagged_digest(std::string_view index, std::string_view tag);

/// The digest of an index that has a single entry; std::nullopt for none and several. Failures as above.
result<std::optional<std::string>> only_digest(std::string_view index);

/// The index with `descriptor` (JSON) under each of `names`, instead of what had them. All other entries stay as they are, with
/// fields that we do not know. An empty `index` is one without entries. Failures as above.
result<std::string> with_names(std::string_view index, std::string_view descriptor, std::span<const layout_name> names);

/// The digest of a descriptor's JSON.
result<std::string> digest_of_descriptor(std::string_view descriptor);

}  // namespace peelbox::oci
