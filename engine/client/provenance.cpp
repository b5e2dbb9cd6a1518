#include "engine/client/provenance.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "engine/oci/digest.hpp"

namespace peelbox::client {

namespace {

namespace json = boost::json;
namespace wire_v1 = moby::buildkit::v1;

constexpr std::string_view in_toto = "application/vnd.in-toto+json";
constexpr std::string_view type_annotation = "in-toto.io/predicate-type";
constexpr std::string_view provenance_types = "https://slsa.dev/provenance/";
constexpr std::string_view slsa_v1 = "https://slsa.dev/provenance/v1";
constexpr std::string_view build_type_v02 = "https://mobyproject.org/buildkit@v1";

result<void> add_blob(std::string key, const wire_v1::BuildResultInfo& info, std::vector<provenance_blob>& to) {
  for (const wire_v1::Descriptor& one : info.attestations()) {
    const auto type = one.annotations().find(std::string(type_annotation));
    if (one.media_type() != in_toto || type == one.annotations().end() || !type->second.starts_with(provenance_types))
      continue;
    const result<oci::digest_parts> digest = oci::parse_digest(one.digest());
    if (digest.has_error() || digest->algorithm != "sha256" || one.size() < 0)
      return failure(errc::protocol, fmt::format("the daemon names a provenance \"{}\" of {} bytes", one.digest(), one.size()),
                     origin::peer);
    to.push_back({std::move(key), one.digest(), static_cast<std::uint64_t>(one.size()), type->second});
    return {};
  }
  return {};
}

json::object object_at(json::object& from, std::string_view key) {
  json::value* found = from.if_contains(key);
  return found && found->is_object() ? std::move(found->get_object()) : json::object();
}

/// Moves a member, if it is there.
void move_key(json::object& from, std::string_view key, json::object& to, std::string_view new_key) {
  if (json::value* found = from.if_contains(key)) to[new_key] = std::move(*found);
}

json::value value_or(json::object& from, std::string_view key, json::value otherwise) {
  json::value* found = from.if_contains(key);
  return found ? std::move(*found) : std::move(otherwise);
}

json::array materials_of(json::object& definition) {
  json::array materials;
  json::value* dependencies = definition.if_contains("resolvedDependencies");
  if (!dependencies || !dependencies->is_array()) return materials;
  for (json::value& one : dependencies->get_array()) {
    json::object material;
    if (json::object* source = one.if_object()) {
      move_key(*source, "uri", material, "uri");
      move_key(*source, "digest", material, "digest");
    }
    materials.push_back(std::move(material));
  }
  return materials;
}

json::object invocation_of(json::object external, json::object internal) {
  json::object source;
  json::object theirs = object_at(external, "configSource");
  move_key(theirs, "uri", source, "uri");
  move_key(theirs, "digest", source, "digest");
  move_key(theirs, "path", source, "entryPoint");
  json::object environment;
  environment["platform"] = value_or(internal, "builderPlatform", "");
  // The daemon's administrator may have added keys beside the known ones.
  for (auto& [key, value] : internal)
    if (key != "builderPlatform" && key != "buildConfig") environment[key] = std::move(value);
  json::object invocation;
  invocation["configSource"] = std::move(source);
  invocation["parameters"] = value_or(external, "request", json::object());
  invocation["environment"] = std::move(environment);
  return invocation;
}

json::object metadata_v02(json::object theirs) {
  json::object metadata;
  move_key(theirs, "invocationId", metadata, "buildInvocationID");
  move_key(theirs, "startedOn", metadata, "buildStartedOn");
  move_key(theirs, "finishedOn", metadata, "buildFinishedOn");
  json::object complete = object_at(theirs, "buildkit_completeness");
  json::object& completeness = metadata["completeness"].emplace_object();
  completeness["parameters"] = value_or(complete, "request", false);
  completeness["environment"] = true;
  completeness["materials"] = value_or(complete, "resolvedDependencies", false);
  metadata["reproducible"] = value_or(theirs, "buildkit_reproducible", false);
  metadata["https://mobyproject.org/buildkit@v1#metadata"] = value_or(theirs, "buildkit_metadata", json::object());
  move_key(theirs, "buildkit_hermetic", metadata, "https://mobyproject.org/buildkit@v1#hermetic");
  return metadata;
}

json::object to_v02(json::object v1) {
  json::object definition = object_at(v1, "buildDefinition");
  json::object run = object_at(v1, "runDetails");
  json::object internal = object_at(definition, "internalParameters");
  json::object builder = object_at(run, "builder");
  json::object all;
  all["builder"].emplace_object()["id"] = value_or(builder, "id", "");
  all["buildType"] = build_type_v02;
  if (json::array materials = materials_of(definition); !materials.empty()) all["materials"] = std::move(materials);
  move_key(internal, "buildConfig", all, "buildConfig");
  all["invocation"] = invocation_of(object_at(definition, "externalParameters"), std::move(internal));
  if (const json::value* metadata = run.if_contains("metadata"); metadata && metadata->is_object())
    all["metadata"] = metadata_v02(object_at(run, "metadata"));
  return all;
}

}  // namespace

result<std::vector<provenance_blob>> choose_provenance(const wire_v1::BuildHistoryRecord& record) {
  constexpr std::string_view key = "buildx.build.provenance";
  std::vector<provenance_blob> all;
  for (const auto& [platform, info] : record.results()) {
    result<void> added = add_blob(fmt::format("{}/{}", key, platform), info, all);
    if (added.has_error()) return added.error();
  }
  if (record.results().empty()) {
    result<void> added = add_blob(std::string(key), record.result(), all);
    if (added.has_error()) return added.error();
  }
  std::uint64_t left = most_provenance_bytes;
  for (const provenance_blob& one : all) {
    if (one.size > left)
      return failure(errc::unsupported, fmt::format("it has more than {} MB", most_provenance_bytes >> 20), origin::peer);
    left -= one.size;
  }
  return all;
}

result<std::string> metadata_provenance(std::string_view predicate, std::string_view predicate_type,
                                        provenance_mode mode) {
  json::parse_options options;
  options.max_depth = deepest_provenance;
  boost::system::error_code error;
  json::value parsed = json::parse(predicate, error, {}, options);
  if (error || !parsed.is_object())
    return failure(errc::protocol, "the daemon's provenance is not a JSON object", origin::peer);
  json::object all = std::move(parsed.get_object());
  if (predicate_type == slsa_v1) all = to_v02(std::move(all));
  if (mode == provenance_mode::min) {
    all.erase("buildConfig");
    all.erase("metadata");
  }
  return json::serialize(all);
}

}  // namespace peelbox::client
