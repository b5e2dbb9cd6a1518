// index.json of an OCI image layout (OCI image specification, image-layout.md): which content has which tag.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::oci {

inline constexpr std::string_view layout_index_file = "index.json";
inline constexpr std::string_view layout_marker_file = "oci-layout";
inline constexpr std::string_view layout_marker = R"({"imageLayoutVersion":"1.0.0"})";

/// The digest of the descriptor that `tag` names (annotation org.opencontainers.image.ref.name; of several the first, as in
/// client/ociindex). std::nullopt: no such tag. errc::protocol for what is no index, errc::limit for more than max_manifest_bytes.
result<std::optional<std::string>> tagged_digest(std::string_view index, std::string_view tag);

/// The digest of an index that has a single entry; std::nullopt for none and several. Failures as above.
result<std::optional<std::string>> only_digest(std::string_view index);

/// The index with `descriptor` (JSON) under `tag`, instead of what had the tag. All other entries stay as they are, with
/// fields that we do not know. An empty `index` is one without entries. Failures as above.
result<std::string> with_tag(std::string_view index, std::string_view descriptor, std::string_view tag);

/// The digest of a descriptor's JSON.
result<std::string> digest_of_descriptor(std::string_view descriptor);

}  // namespace peelbox::oci
