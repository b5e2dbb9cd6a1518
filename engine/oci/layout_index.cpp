#include "engine/oci/layout_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/data/json.hpp"
#include "engine/oci/digest.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/oci/manifest.hpp"

namespace peelbox::oci {
namespace {

namespace json = data::json;
using data::member;
using data::text_of;

constexpr std::string_view tag_key = "org.opencontainers.image.ref.name";
constexpr std::string_view image_key = "io.containerd.image.name";

failure broken_index(std::string_view why) { return failure(errc::protocol, fmt::format("index.json: {}", why), origin::peer); }

result<json::value> parse_index(std::string_view text) {
  result<json::value> index = data::parse_json(text, "index.json", {max_manifest_bytes, 32});
  if (index.has_error()) return index;
  if (!index->is_object()) return broken_index("expected a JSON object");
  const json::value* entries = member(*index, "manifests");
  if (entries != nullptr && !entries->is_array()) return broken_index("\"manifests\" is not a list");
  return index;
}

std::string_view annotation(const json::value& entry, std::string_view key) {
  const json::value* annotations = member(entry, "annotations");
  return annotations == nullptr ? std::string_view() : text_of(*annotations, key);
}

/// How well an entry answers to a name; 0: not at all.
int fit(const json::value& entry, std::string_view name) {
  if (annotation(entry, image_key) == name) return 3;
  if (annotation(entry, tag_key) != name) return 0;
  return annotation(entry, image_key).empty() ? 2 : 1;
}

bool is_called(const json::value& entry, const layout_name& name) {
  const std::string_view image = annotation(entry, image_key);
  return image == name.image && (!image.empty() || annotation(entry, tag_key) == name.tag);
}

result<std::optional<std::string>> digest_of_entry(const json::value& entry, std::string_view name) {
  const std::string digest(text_of(entry, "digest"));
  result<digest_parts> parts = parse_digest(digest);
  if (parts.has_error()) return broken_index(fmt::format("the entry {} has no digest: {}", name, parts.error().text));
  return std::optional(digest);
}

}  // namespace

result<std::optional<std::string>> only_digest(std::string_view text) {
  result<json::value> index = parse_index(text);
  if (index.has_error()) return index.error();
  const json::value* entries = member(*index, "manifests");
  if (entries == nullptr || entries->get_array().size() != 1) return std::optional<std::string>();
  return digest_of_entry(entries->get_array().front(), "of it");
}

result<std::optional<std::string>> tagged_digest(std::string_view text, std::string_view tag) {
  result<json::value> index = parse_index(text);
  if (index.has_error()) return index.error();
  const json::value* entries = member(*index, "manifests");
  if (entries == nullptr) return std::optional<std::string>();
  const json::value* best = nullptr;
  for (const json::value& entry : entries->get_array())
    if (const int fits = fit(entry, tag); fits > (best == nullptr ? 0 : fit(*best, tag))) best = &entry;
  if (best == nullptr) return std::optional<std::string>();
  return digest_of_entry(*best, tag);
}

layout_name name_of_image(std::string_view reference) {
  const auto parsed = parse_image_reference(reference);
  if (parsed.has_error()) return {std::string(reference), std::string(reference)};
  return {std::string(reference), parsed->tag.empty() ? parsed->digest : parsed->tag};
}

result<std::string> with_names(std::string_view text, std::string_view descriptor, std::span<const layout_name> names) {
  result<json::value> index = text.empty() ? result<json::value>(json::object{{"schemaVersion", 2}, {"mediaType", media_oci_index}}) : parse_index(text);
  if (index.has_error()) return index.error();
  result<json::value> entry = data::parse_json(descriptor, "descriptor", {max_manifest_bytes, 32});
  if (entry.has_error()) return entry.error();
  result<std::string> digest = digest_of_descriptor(descriptor);
  if (digest.has_error()) return digest.error();
  json::value& annotations = entry->get_object()["annotations"];
  if (!annotations.is_object()) annotations = json::object();
  json::array kept;
  if (const json::value* entries = member(*index, "manifests"))
    for (const json::value& other : entries->get_array())
      if (std::none_of(names.begin(), names.end(), [&](const layout_name& name) { return is_called(other, name); })) kept.push_back(other);
  for (const layout_name& name : names) {
    json::object& own = annotations.get_object();
    own.erase(image_key);
    if (!name.image.empty()) own[image_key] = name.image;
    own[tag_key] = name.tag;
    kept.push_back(*entry);
  }
  index->get_object()["manifests"] = std::move(kept);
  return data::to_text(*index);
}

result<std::string> digest_of_descriptor(std::string_view text) {
  result<json::value> descriptor = data::parse_json(text, "descriptor", {max_manifest_bytes, 32});
  if (descriptor.has_error()) return descriptor.error();
  const std::string digest(text_of(*descriptor, "digest"));
  result<digest_parts> parts = parse_digest(digest);
  if (parts.has_error()) return failure(errc::protocol, "descriptor: " + parts.error().text, origin::peer);
  return digest;
}

}  // namespace peelbox::oci
