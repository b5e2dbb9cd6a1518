// Attestations of images as BuildKit stores them: manifests beside those of images in an index, whose layers are in-toto statements
// (moby/buildkit, docs/attestations/attestation-storage.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/data/json.hpp"
#include "engine/oci/manifest.hpp"

namespace peelbox::registry {

/// The most bytes of a statement. The largest are SBOMs: a package takes about 1 kB, so this is room for 30000.
inline constexpr std::size_t max_statement_bytes = 32 << 20;

/// The digest of the image that an entry of an index attests; empty for what is no attestation.
std::string attested_digest(const oci::descriptor& entry);

enum class predicate_kind { other, spdx, slsa };
/// What a layer of an attestation manifest states, by its annotation in-toto.io/predicate-type.
predicate_kind predicate_kind_of(const oci::descriptor& layer);

/// The predicate of a statement (in-toto attestation specification), also of one in a DSSE envelope, whose signatures are not verified;
/// null if it has none. `what` is for messages. errc::protocol, errc::limit.
result<data::json::value> predicate_of(std::string_view statement, std::string_view media_type, std::string_view what);

}  // namespace peelbox::registry
