// Several images as one index. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/oci/manifest.hpp"

namespace peelbox::registry {

/// One entry of the index to be: a descriptor, and the JSON that it was, so that fields which we do not know stay.
struct index_entry {
  oci::descriptor what;
  std::string json;
  /// Where it comes from, for messages.
  std::string source;
};

/// "linux/arm64", "linux/arm64 (attestation)" or "no platform".
std::string entry_name(const oci::descriptor& what);
/// An attestation manifest of BuildKit: its platform is unknown/unknown.
bool is_attestation(const oci::descriptor& what);

/// The entries of an index's text.
result<std::vector<index_entry>> entries_of(std::string_view index, std::string_view source);
/// An image manifest of its own, which has no entry yet. `platform` is that of its configuration.
index_entry entry_of_manifest(std::string_view media_type, std::string_view digest, std::uint64_t size, const oci::platform& platform,
                              std::string_view source);

/// A descriptor that somebody wrote, such as `containerimage.descriptor` of a build's --metadata-file, as the entry to be. errc::usage
/// for what is none.
result<index_entry> entry_of_descriptor(std::string_view json, std::string_view source);
/// The entry as the registry's manifest completes it: `manifest` is the entry that it would have by itself. errc::usage when the
/// descriptor says another type or size. A platform and annotations of the descriptor count instead of the manifest's.
result<index_entry> complete_entry(index_entry descriptor, const index_entry& manifest);

/// The digests of the entries that are for one of `wanted`, and of their attestations. errc::usage when none is for one of them.
result<std::set<std::string, std::less<>>> choose_platforms(const std::vector<index_entry>& entries, const std::vector<oci::platform>& wanted);

/// One annotation to add.
struct index_annotation {
  enum class place { index, descriptor };
  place where = place::index;
  std::optional<oci::platform> only;  ///< of descriptors
  std::string key;
  std::string value;
};

struct merged_index {
  std::string media_type;
  std::string bytes;  ///< indented JSON; the same input gives the same bytes
  std::vector<index_entry> entries;
};

/// Entries in their order; one that is there already (by digest) is not added again. errc::usage: two different images for
/// one platform, an image without platform, an attestation of an image that is not among them, an annotation for a platform
/// that is not there, or nothing at all. Docker's manifest list if all manifests are Docker's and there are no annotations,
/// else an OCI index (as buildx does it).
result<merged_index> merge(const std::vector<index_entry>& entries, const std::vector<index_annotation>& annotations);

/// "[TYPE:]KEY=VALUE", TYPE being index (the default) or manifest-descriptor[PLATFORM]. errc::usage.
result<index_annotation> parse_index_annotation(std::string_view text);

}  // namespace peelbox::registry
