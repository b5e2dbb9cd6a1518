#include "cli/output_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

#include "cli/wrong.hpp"
#include "engine/async/closest.hpp"

namespace peelbox::cli {

namespace {

using kind = output_option::kind;

struct field {
  std::string_view key;
  bool image;  ///< oci, docker and image
  bool files;  ///< tar and local
};
constexpr auto known = std::to_array<field>({
    {"name", true, false},
    {"compression", true, false},
    {"compression-level", true, false},
    {"force-compression", true, false},
    {"oci-mediatypes", true, false},
    {"oci-artifact", true, false},
    {"attestation-inline", true, false},
    {"prefer-nondist-layers", true, false},
    {"rewrite-timestamp", true, false},
    {"source-date-epoch", true, true},
    {"tar", true, false},
    {"attestation-prefix", false, true},
    {"platform-split", false, true},
});

/// Begin a key that may go on: annotation.KEY, annotation-index[PLATFORM].KEY, containerimage.config/PLATFORM.
constexpr auto image_prefixes = std::to_array<std::string_view>({"annotation", "containerimage.", "refs.platforms"});

/// The exporter "image", which keeps and pushes images, has them alone.
constexpr auto of_registry = std::to_array<std::string_view>(
    {"push", "push-by-digest", "registry.insecure", "unpack", "store", "name-canonical", "dangling-name-prefix",
     "danging-name-empty-only"});

bool is_image(kind type) noexcept { return type == kind::oci || type == kind::docker || type == kind::image; }

}  // namespace

bool is_false(std::string_view value) {
  constexpr auto words = std::to_array<std::string_view>({"0", "f", "F", "false", "FALSE", "False"});
  return std::find(words.begin(), words.end(), value) != words.end();
}

bool is_true(std::string_view value) {
  constexpr auto words = std::to_array<std::string_view>({"1", "t", "T", "true", "TRUE", "True"});
  return std::find(words.begin(), words.end(), value) != words.end();
}

result<void> check_epoch(std::string_view what, std::string_view value) {
  std::int64_t seconds = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, seconds);
  if (error == std::errc() && rest == end && seconds >= 0) return {};
  return wrong(fmt::format("{}={}: expected whole seconds since 1970, as `date +%s` and `git log -1 --format=%ct` print them",
                           what, value));
}

result<void> check_field(kind type, std::string_view key, const std::string& value) {
  if (std::find(of_registry.begin(), of_registry.end(), key) != of_registry.end()) {
    if (type == kind::image) return {};
    return wrong(fmt::format("{} has no effect with type={}; it is for type=image and type=registry, and several --output may be given", key,
                             to_string(type)));
  }
  std::vector<std::string> near;
  for (const field& one : known) {
    const bool fits = type != kind::cacheonly && (is_image(type) ? one.image : one.files) && (one.key != "tar" || type != kind::image);
    if (fits) near.emplace_back(one.key);
    if (one.key != key) continue;
    if (!fits)
      return wrong(fmt::format("{} has no effect with type={}{}", key, to_string(type),
                               type == kind::cacheonly ? ", which exports nothing" : one.image ? "; it is for type=oci, type=docker and type=image"
                                                                                           : "; it is for type=local and type=tar"));
    if (key == "source-date-epoch" && !value.empty()) return check_epoch(key, value);
    return {};
  }
  if (type == kind::local && key == "mode") {
    if (value == "copy" || value == "delete") return {};
    return wrong(fmt::format("there is no mode={}; expected mode=copy, which keeps other files in the directory, or mode=delete, "
                             "which removes them",
                             value));
  }
  if (is_image(type))
    for (const std::string_view prefix : image_prefixes)
      if (key.starts_with(prefix)) return {};
  return wrong(fmt::format("BuildKit's exporter {} has no field {}{}", to_string(type), key, did_you_mean(std::string(key), near)));
}

}  // namespace peelbox::cli
