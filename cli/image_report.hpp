// An image of a registry as text and as JSON. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/registry/client.hpp"
#include "engine/registry/index_merge.hpp"

namespace peelbox::cli {

struct inspected_image {
  std::string name;  ///< as it was asked for, in full
  registry::manifest_text text;
  /// Of an index; of a single image its own entry.
  std::vector<registry::index_entry> entries;
  bool is_index = false;
  /// JSON of configurations by platform; filled where wants_configs() says so.
  std::map<std::string, std::string> configs;
};

/// Whether a template is about the configurations of images.
bool wants_configs(std::string_view format);

/// Name, digest and type, then a row for each entry. Text is made harmless.
std::vector<std::string> image_details(const inspected_image& image);
/// One object: name, digest, mediaType, size, and for each entry digest, mediaType, size, platform, annotations, and, of
/// attestations, what they are about.
std::string image_json(const inspected_image& image);
/// What `docker buildx imagetools inspect --format` gives for `{{json .Manifest}}`, `{{json .Image}}` (of several platforms an object by
/// platform), `{{json .}}`, `{{.Manifest.Digest}}`, `{{.Manifest.MediaType}}` and `{{.Name}}`; errc::usage for other templates.
result<std::string> image_formatted(const inspected_image& image, std::string_view format);

}  // namespace peelbox::cli
