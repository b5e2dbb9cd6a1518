#include "cli/read_image.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <variant>

#include "engine/registry/attestation.hpp"

namespace peelbox::cli {
namespace {

using registry::predicate_kind;

/// The manifest of an image; errc::protocol for an index.
task<result<oci::image_manifest>> read_image_manifest(registry::client& registries, registry::repository in, std::string digest) {
  oci::image_reference name{in.registry, in.name, {}, std::move(digest)};
  const std::string text_of_name = name.text();
  auto reading = registries.manifest(std::move(name));
  result<registry::manifest_text> text = co_await std::move(reading);
  if (text.has_error()) co_return text.error();
  result<oci::manifest_document> document = oci::parse_manifest(text->bytes);
  if (document.has_error()) co_return document.error();
  auto* manifest = std::get_if<oci::image_manifest>(&*document);
  if (manifest == nullptr) co_return failure(errc::protocol, text_of_name + ": an index where an image should be", origin::peer);
  co_return std::move(*manifest);
}

task<result<std::string>> read_image_config(registry::client& registries, registry::repository in, std::string digest) {
  auto reading = read_image_manifest(registries, in, std::move(digest));
  result<oci::image_manifest> manifest = co_await std::move(reading);
  if (manifest.has_error()) co_return manifest.error();
  auto reading_blob = registries.small_blob(in, manifest->config.digest, manifest->config.size, oci::max_config_bytes);
  co_return co_await std::move(reading_blob);
}

struct wanted_statements {
  bool spdx = false;
  bool slsa = false;
  std::uint64_t bytes_left = most_attested_bytes;
};

/// Adds what one attestation manifest says. As for buildx, its first provenance counts.
task<result<void>> read_statements(registry::client& registries, registry::repository in, std::string digest, wanted_statements& wanted,
                                   image_statements& to) {
  auto reading = read_image_manifest(registries, in, std::move(digest));
  result<oci::image_manifest> manifest = co_await std::move(reading);
  if (manifest.has_error()) co_return manifest.error();
  bool has_slsa = false;
  for (const oci::descriptor& layer : manifest->layers) {
    const predicate_kind kind = registry::predicate_kind_of(layer);
    const bool is_wanted = kind == predicate_kind::spdx ? wanted.spdx : kind == predicate_kind::slsa && wanted.slsa && !has_slsa;
    if (!is_wanted) continue;
    if (layer.size > wanted.bytes_left)
      co_return failure(errc::limit,
                        fmt::format("attestations in {}: more than {} bytes; ask for one platform with {{{{json (index .SBOM \"linux/amd64\")}}}}",
                                    in.text(), most_attested_bytes),
                        origin::peer);
    wanted.bytes_left -= layer.size;
    auto reading_blob = registries.small_blob(in, layer.digest, layer.size, registry::max_statement_bytes);
    result<std::string> text = co_await std::move(reading_blob);
    if (text.has_error()) co_return text.error();
    auto predicate = registry::predicate_of(*text, layer.media_type, fmt::format("attestation {} of {}", layer.digest, in.text()));
    if (predicate.has_error()) co_return predicate.error();
    if (kind == predicate_kind::spdx) {
      to.spdx.push_back(std::move(*predicate));
    } else {
      to.slsa = std::move(*predicate);
      has_slsa = true;
    }
  }
  co_return result<void>();
}

/// An index may leave platforms out (OCI image specification, image-index.md); then configurations have them.
task<result<void>> complete_platforms(registry::client& registries, registry::repository in, inspected_image& image) {
  for (registry::index_entry& one : image.entries) {
    const bool is_manifest = one.what.media_type == oci::media_oci_manifest || one.what.media_type == oci::media_docker_manifest;
    if (one.what.platform || !is_manifest || registry::is_attestation(one.what)) continue;
    auto reading = read_image_config(registries, in, one.what.digest);
    result<std::string> text = co_await std::move(reading);
    if (text.has_error()) co_return text.error();
    const auto config = oci::parse_image_config(*text);
    if (config.has_value() && !config->platform.os.empty()) one.what.platform = config->platform;
  }
  co_return result<void>();
}

/// The parts of an index that `needs` asks for.
task<result<void>> read_image_parts(registry::client& registries, registry::repository in, template_needs needs, inspected_image& image) {
  if (!needs.whole && !needs.has("Image") && !needs.has("SBOM") && !needs.has("Provenance")) co_return result<void>();
  auto completing = complete_platforms(registries, in, image);
  result<void> completed = co_await std::move(completing);
  if (completed.has_error()) co_return completed;
  const std::map<std::string, std::string> digests = image.images();
  wanted_statements wanted;
  for (const auto& [platform, digest] : digests) {
    if (needs.whole || needs.has("Image", platform)) {
      auto reading = read_image_config(registries, in, digest);
      result<std::string> config = co_await std::move(reading);
      if (config.has_error()) co_return config.error();
      image.configs[platform] = std::move(*config);
    }
    wanted.spdx = needs.has("SBOM", platform);
    wanted.slsa = needs.has("Provenance", platform);
    if (!wanted.spdx && !wanted.slsa) continue;
    for (const registry::index_entry& one : image.entries) {
      if (registry::attested_digest(one.what) != digest) continue;
      auto reading = read_statements(registries, in, one.what.digest, wanted, image.statements[platform]);
      result<void> read = co_await std::move(reading);
      if (read.has_error()) co_return read.error();
    }
  }
  co_return result<void>();
}

}  // namespace

task<result<inspected_image>> read_image(registry::client& registries, oci::image_reference which, registry::manifest_text text,
                                         template_needs needs) {
  inspected_image image;
  image.name = which.text();
  image.text = std::move(text);
  const registry::repository in = registry::repository_of(which);
  result<oci::manifest_document> document = oci::parse_manifest(image.text.bytes);
  if (document.has_error()) co_return document.error();
  if (const auto* one = std::get_if<oci::image_manifest>(&*document)) {
    auto reading = registries.small_blob(in, one->config.digest, one->config.size, oci::max_config_bytes);
    result<std::string> text_of_config = co_await std::move(reading);
    if (text_of_config.has_error()) co_return text_of_config.error();
    // What is no image, such as a chart or a cache, has no platform.
    const auto config = oci::parse_image_config(*text_of_config);
    if (config.has_value() && !config->platform.os.empty())
      image.entries = {registry::entry_of_manifest(image.text.media_type, image.text.digest, image.text.bytes.size(), config->platform,
                                                   image.name)};
    image.configs["it"] = std::move(*text_of_config);
    co_return image;
  }
  image.is_index = true;
  auto entries = registry::entries_of(image.text.bytes, image.name);
  if (entries.has_error()) co_return entries.error();
  image.entries = std::move(*entries);
  auto reading = read_image_parts(registries, in, std::move(needs), image);
  result<void> read = co_await std::move(reading);
  if (read.has_error()) co_return read.error();
  co_return image;
}

}  // namespace peelbox::cli
