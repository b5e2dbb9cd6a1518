// Texts of registries and people: manifests, image configurations, references, digests, platforms. What parses
// is stable: its text form parses to the same value.
#include <cstdint>
#include <string_view>

#include "engine/oci/digest.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/oci/manifest.hpp"
#include "engine/oci/platform.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto document = oci::parse_manifest(text)) {
    if (const auto* index = std::get_if<oci::image_index>(&*document)) {
      for (const char* arch : {"amd64", "arm64", "arm"}) {
        const oci::descriptor* d = oci::select(*index, {"linux", arch, ""});
        require(d == nullptr ||
                (d >= index->manifests.data() && d < index->manifests.data() + index->manifests.size()));
      }
    }
  }
  (void)oci::parse_image_config(text);
  (void)oci::parse_digest(text);
  if (const auto reference = oci::parse_image_reference(text)) {
    require(oci::parse_image_reference(reference->text()).value() == *reference);
    require(oci::parse_image_reference(reference->familiar()).value() == *reference);
  }
  if (const auto platform = oci::parse_platform(text))
    require(oci::parse_platform(oci::to_string(*platform)).value() == *platform);
  return 0;
}
