#include "engine/oci/layout_index.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/data/json.hpp"
#include "engine/oci/digest.hpp"
#include "engine/oci/manifest.hpp"

namespace peelbox::oci {
namespace {

namespace json = data::json;
using data::member;
using data::text_of;

constexpr std::string_view tag_key = "org.opencontainers.image.ref.name";

failure broken(std::string_view why) { return failure(errc::protocol, fmt::format("index.json: {}", why), origin::peer); }

result<json::value> parse_index(std::string_view text) {
  result<json::value> index = data::parse_json(text, "index.json", {max_manifest_bytes, 32});
  if (index.has_error()) return index;
  if (!index->is_object()) return broken("expected a JSON object");
  const json::value* entries = member(*index, "manifests");
  if (entries != nullptr && !entries->is_array()) return broken("\"manifests\" is not a list");
  return index;
}

bool has_tag(const json::value& entry, std::string_view tag) {
  const json::value* annotations = member(entry, "annotations");
  return annotations != nullptr && text_of(*annotations, tag_key) == tag;
}

result<std::optional<std::string>> digest_of_entry(const json::value& entry, std::string_view name) {
  const std::string digest(text_of(entry, "digest"));
  result<digest_parts> parts = parse_digest(digest);
  if (parts.has_error()) return broken(fmt::format("the entry {} has no digest: {}", name, parts.error().text));
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
  for (const json::value& entry : entries->get_array()) {
    if (!has_tag(entry, tag)) continue;
    return digest_of_entry(entry, tag);
  }
  return std::optional<std::string>();
}

result<std::string> with_tag(std::string_view text, std::string_view descriptor, std::string_view tag) {
  result<json::value> index = text.empty() ? result<json::value>(json::object{{"schemaVersion", 2}}) : parse_index(text);
  if (index.has_error()) return index.error();
  result<json::value> entry = data::parse_json(descriptor, "descriptor", {max_manifest_bytes, 32});
  if (entry.has_error()) return entry.error();
  result<std::string> digest = digest_of_descriptor(descriptor);
  if (digest.has_error()) return digest.error();
  json::object& fields = entry->get_object();
  json::value& annotations = fields["annotations"];
  if (!annotations.is_object()) annotations = json::object();
  annotations.get_object()[tag_key] = tag;
  json::array kept;
  if (const json::value* entries = member(*index, "manifests"))
    for (const json::value& other : entries->get_array())
      if (!has_tag(other, tag)) kept.push_back(other);
  kept.push_back(std::move(*entry));
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
