// What registries and files say of images, as one index: what is merged can be read again, and merging it again changes nothing.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/registry/index_merge.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peelbox;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)registry::parse_index_annotation(text);
  if (const auto one = registry::entry_of_descriptor(text, "f"); one.has_value()) {
    registry::index_entry manifest = registry::entry_of_manifest(oci::media_oci_manifest, one->what.digest, one->what.size, {"linux", "amd64", ""}, "m");
    const auto made = registry::complete_entry(*one, manifest);
    if (made.has_value() && made->what.digest != one->what.digest) std::abort();
  }
  const auto entries = registry::entries_of(text, "f");
  if (entries.has_error()) return 0;
  const auto merged = registry::merge(*entries, {});
  if (merged.has_error()) return 0;
  const auto again = registry::entries_of(merged->bytes, "f");
  if (again.has_error()) std::abort();
  const auto twice = registry::merge(*again, {});
  if (twice.has_error() || twice->bytes != merged->bytes) std::abort();
  return 0;
}
