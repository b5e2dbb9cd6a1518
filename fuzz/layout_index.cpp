// index.json of a directory that somebody gave for a cache or an image. What a name is given to is what is found under it.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/oci/digest.hpp"
#include "engine/oci/layout_index.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto found = oci::tagged_digest(text, "latest");
  if (found.has_value() && found.value()) require(oci::parse_digest(**found).has_value());
  (void)oci::digest_of_descriptor(text);
  const std::string digest = oci::digest_of("x");
  const oci::layout_name name = oci::name_of_image("registry.example/app:1");
  const auto next = oci::with_names(text, R"({"digest":")" + digest + R"(","size":1})", {&name, 1});
  if (next.has_value()) require(oci::tagged_digest(*next, name.image).value() == digest);
  return 0;
}
