#include "engine/registry/attestation.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "engine/async/base64.hpp"

namespace peelbox::registry {
namespace {

constexpr std::string_view in_toto = "application/vnd.in-toto+json";
constexpr std::string_view in_toto_prefix = "application/vnd.in-toto.";
constexpr std::string_view envelope_suffix = "+dsse";

/// Definitions of a build (buildkit_metadata of SLSA) are the deepest.
constexpr data::json_limits statement_limits{max_statement_bytes, 64};

bool is_envelope(std::string_view media_type) { return media_type.starts_with(in_toto_prefix) && media_type.ends_with(envelope_suffix); }

}  // namespace

std::string attested_digest(const oci::descriptor& entry) {
  // The newer name is buildx's only so far.
  for (const char* key : {"com.docker.reference.digest", "vnd.docker.reference.digest"})
    if (const auto found = entry.annotations.find(key); found != entry.annotations.end()) return found->second;
  return {};
}

predicate_kind predicate_kind_of(const oci::descriptor& layer) {
  const auto type = layer.annotations.find("in-toto.io/predicate-type");
  if (type == layer.annotations.end() || (layer.media_type != in_toto && !is_envelope(layer.media_type))) return predicate_kind::other;
  if (type->second == "https://spdx.dev/Document") return predicate_kind::spdx;
  return type->second.starts_with("https://slsa.dev/provenance/") ? predicate_kind::slsa : predicate_kind::other;
}

result<data::json::value> predicate_of(std::string_view statement, std::string_view media_type, std::string_view what) {
  auto tree = data::parse_json(statement, what, statement_limits);
  if (tree.has_error()) return tree.error();
  if (is_envelope(media_type)) {
    const std::optional<std::string> payload = decode_base64(data::text_of(*tree, "payload"));
    if (!payload || payload->empty()) return failure(errc::protocol, fmt::format("{}: its envelope has no payload in base64", what), origin::peer);
    tree = data::parse_json(*payload, what, statement_limits);
    if (tree.has_error()) return tree.error();
  }
  if (!tree->is_object()) return failure(errc::protocol, fmt::format("{}: it is no in-toto statement", what), origin::peer);
  data::json::value* found = tree->get_object().if_contains("predicate");
  return found == nullptr ? data::json::value() : std::move(*found);
}

}  // namespace peelbox::registry
