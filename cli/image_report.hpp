// An image of a registry as text and as JSON. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/template_evaluate.hpp"
#include "cli/template_parse.hpp"
#include "engine/registry/client.hpp"
#include "engine/registry/index_merge.hpp"

namespace peelbox::cli {

/// What attestations say of one image.
struct image_statements {
  std::vector<boost::json::value> spdx;
  boost::json::value slsa;
};

struct inspected_image {
  std::string name;  ///< as it was asked for, in full
  registry::manifest_text text;
  /// Of an index; of a single image its own entry.
  std::vector<registry::index_entry> entries;
  bool is_index = false;
  /// JSON of configurations by platform, as far as a template needs them; of a single image under any name.
  std::map<std::string, std::string> configs;
  /// By platform, as far as a template needs them.
  std::map<std::string, image_statements> statements;

  /// The digests of an index's images by platform. Of two for one platform the later one counts, as for buildx.
  std::map<std::string, std::string> images() const;
};

/// Name, digest and type, then a row for each entry. Text is made harmless.
std::vector<std::string> image_details(const inspected_image& image);
/// One object: name, digest, mediaType, size, and for each entry digest, mediaType, size, platform, annotations, and, of
/// attestations, what they are about.
std::string image_json(const inspected_image& image);

struct image_template {
  format_template what;
  template_needs needs;
};
/// errc::usage: what parse_template() refuses, and fields other than .Name, .Manifest, .Image, .Provenance and .SBOM.
result<image_template> parse_image_template(std::string_view text);

/// What `docker buildx imagetools inspect --format` gives: of several platforms .Image, .Provenance and .SBOM are by platform, of one
/// they are its own. The failures of evaluate_template(); errc::protocol for a configuration that is no JSON.
result<std::string> image_formatted(inspected_image image, const image_template& format);

}  // namespace peelbox::cli
