#include "engine/client/solve_messages.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <algorithm>
#include <charconv>
#include <utility>

namespace peelbox::client {

namespace wire_v1 = moby::buildkit::v1;
namespace gateway = moby::buildkit::v1::frontend;

namespace {

constexpr int resource_exhausted = 8;  // google.rpc.Code

/// "8 vs. 4)" -> 8 and 4.
std::optional<std::pair<std::uint64_t, std::uint64_t>> two_sizes(std::string_view text) {
  std::uint64_t size = 0;
  std::uint64_t most = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, size);
  constexpr std::string_view between = " vs. ";
  const std::string_view rest(first.ptr, static_cast<std::size_t>(end - first.ptr));
  if (first.ec != std::errc() || !rest.starts_with(between)) return std::nullopt;
  const auto second = std::from_chars(first.ptr + between.size(), end, most);
  if (second.ec != std::errc() || std::string_view(second.ptr, static_cast<std::size_t>(end - second.ptr)) != ")") return std::nullopt;
  return std::pair(size, most);
}

constexpr std::string_view config_key = "containerimage.config";
/// Frontends that solve in several steps read it from their options (frontend/dockerui).
constexpr const char* cache_imports_key = "cache-imports";

std::string cache_imports_json(const std::vector<cache_place>& places) {
  boost::json::array all;
  for (const cache_place& place : places) {
    boost::json::object attributes;
    for (const auto& [key, value] : place.attributes) attributes[key] = value;
    all.push_back(boost::json::object{{"Type", place.type}, {"Attrs", std::move(attributes)}});
  }
  return boost::json::serialize(all);
}

std::string platforms_json(const std::vector<platform_build>& parts) {
  boost::json::array all;
  for (const platform_build& part : parts) {
    const oci::platform& platform = part.platform;
    boost::json::object fields{{"architecture", platform.arch}, {"os", platform.os}};
    if (!platform.variant.empty()) fields["variant"] = platform.variant;
    all.push_back(boost::json::object{{"ID", oci::to_string(platform)}, {"Platform", std::move(fields)}});
  }
  return boost::json::serialize(boost::json::object{{"Platforms", std::move(all)}});
}

}  // namespace

bool needs_gateway(const solve_request& request) {
  if (std::holds_alternative<frontend_call>(request.source)) return false;
  const auto* finished = std::get_if<definitions>(&request.source);
  if (finished == nullptr) return true;
  const auto& exports = request.exports;
  return request.attest.any() || finished->parts.size() > 1 ||
         std::any_of(exports.begin(), exports.end(), [](const export_request& e) { return e.how.type == "moby"; });
}

std::optional<failure> definition_too_large(const failure& why) {
  constexpr std::string_view begin = "grpc: received message larger than max (";
  if (!why.status || why.status->code != resource_exhausted) return std::nullopt;
  const std::string_view message = why.status->message;
  const std::size_t at = message.rfind(begin);
  if (at == message.npos) return std::nullopt;
  const auto sizes = two_sizes(message.substr(at + begin.size()));
  if (!sizes) return std::nullopt;
  constexpr double mebibyte = 1 << 20;
  return failure(errc::limit,
                 fmt::format("the definition of this build is too large for the daemon: it has {:.1f} MiB, and the daemon takes {:.1f} MiB at "
                             "most. Leave the contents of files out of it (copy them from a local directory, a source local://NAME, "
                             "instead), or divide the build into several.",
                             static_cast<double>(sizes->first) / mebibyte, static_cast<double>(sizes->second) / mebibyte),
                 origin::user);
}

namespace {

void set_source(const solve_request& asked, wire_v1::SolveRequest& request) {
  if (needs_gateway(asked)) return;
  if (const auto* frontend = std::get_if<frontend_call>(&asked.source)) {
    request.set_frontend(frontend->name);
    request.mutable_frontendattrs()->insert(frontend->attributes.begin(), frontend->attributes.end());
    for (const auto& [name, definition] : frontend->inputs) (*request.mutable_frontendinputs())[name] = *definition;
  } else {
    *request.mutable_definition() = *std::get<definitions>(asked.source).parts.front().definition;
  }
}

void set_exporters(const solve_request& asked, wire_v1::SolveRequest& request) {
  // A definition that is solved without the gateway has no metadata; exporters of images take the config as an attribute.
  const auto* plain = needs_gateway(asked) ? nullptr : std::get_if<definitions>(&asked.source);
  for (const export_request& one : asked.exports) {
    exporter how = one.how;
    if (plain != nullptr && !plain->parts.front().image_config.empty())
      how.attributes.emplace(config_key, plain->parts.front().image_config);
    auto* listed = request.add_exporters();
    listed->set_type(how.type);
    listed->mutable_attrs()->insert(how.attributes.begin(), how.attributes.end());
    if (&one != &asked.exports.front()) continue;
    // Daemons before v0.13 know one exporter, in these fields (client/solve.go).
    request.set_exporterdeprecated(how.type);
    request.mutable_exporterattrsdeprecated()->insert(how.attributes.begin(), how.attributes.end());
  }
}

template <class Entries>
void set_cache(const std::vector<cache_place>& places, Entries* entries) {
  for (const cache_place& place : places) {
    auto* entry = entries->Add();
    entry->set_type(place.type);
    entry->mutable_attrs()->insert(place.attributes.begin(), place.attributes.end());
  }
}

}  // namespace

wire_v1::SolveRequest control_solve(const solve_request& asked) {
  wire_v1::SolveRequest request;
  request.set_ref(asked.ref);
  request.set_session(asked.session_id);
  set_source(asked, request);
  set_exporters(asked, request);
  auto& attributes = *request.mutable_frontendattrs();
  if (asked.attest.sbom) attributes["attest:sbom"] = *asked.attest.sbom;
  if (asked.attest.provenance) attributes["attest:provenance"] = *asked.attest.provenance;
  if (asked.no_cache) attributes["no-cache"] = "";
  // The name that buildx's history looks for first (util/history/name.go). Arguments that somebody wrote for a frontend stay.
  if (!asked.build_name.empty()) attributes.insert({"build-arg:BUILDKIT_BUILD_NAME", asked.build_name});
  // The daemon gives it to every exporter that has no source-date-epoch of its own (control/control.go).
  if (!asked.source_date_epoch.empty()) attributes.insert({"build-arg:SOURCE_DATE_EPOCH", asked.source_date_epoch});
  if (!asked.cache_imports.empty() && !request.has_definition()) attributes[cache_imports_key] = cache_imports_json(asked.cache_imports);
  set_cache(asked.cache_imports, request.mutable_cache()->mutable_imports());
  set_cache(asked.cache_exports, request.mutable_cache()->mutable_exports());
  for (const std::string& entitlement : asked.entitlements) request.add_entitlements(entitlement);
  if (asked.source_policy) *request.mutable_sourcepolicy() = *asked.source_policy;
  return request;
}

gateway::SolveRequest gateway_solve(const pb::Definition& definition, const std::vector<cache_place>& imports) {
  gateway::SolveRequest request;
  *request.mutable_definition() = definition;
  set_cache(imports, request.mutable_cacheimports());
  request.set_allowresultreturn(true);
  request.set_allowresultarrayref(true);
  return request;
}

gateway::SolveRequest gateway_solve(const frontend_call& frontend, const std::vector<cache_place>& imports) {
  gateway::SolveRequest request;
  request.set_frontend(frontend.name);
  set_cache(imports, request.mutable_cacheimports());
  if (!imports.empty()) (*request.mutable_frontendopt())[cache_imports_key] = cache_imports_json(imports);
  request.mutable_frontendopt()->insert(frontend.attributes.begin(), frontend.attributes.end());
  for (const auto& [name, definition] : frontend.inputs) (*request.mutable_frontendinputs())[name] = *definition;
  request.set_allowresultreturn(true);
  request.set_allowresultarrayref(true);
  return request;
}

gateway_result combined_result(const std::vector<platform_build>& parts, const std::vector<gateway_result>& solved) {
  auto made = std::make_shared<gateway::Result>();
  if (parts.size() == 1) *made = *solved.front().message();
  auto& metadata = *made->mutable_metadata();
  metadata["refs.platforms"] = platforms_json(parts);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const platform_build& part = parts[i];
    std::string key(config_key);
    if (parts.size() > 1) {
      const std::string id = oci::to_string(part.platform);
      (*made->mutable_refs()->mutable_refs())[id] = solved[i].message()->ref();
      key += "/" + id;
    }
    if (!part.image_config.empty()) metadata[key] = part.image_config;
  }
  return gateway_result(std::move(made));
}

std::shared_ptr<const pb::Definition> with_cache(const pb::Definition& definition) {
  auto copy = std::make_shared<pb::Definition>(definition);
  for (auto& [digest, operation] : *copy->mutable_metadata()) operation.set_ignore_cache(false);
  return copy;
}

gateway::ResolveImageConfigRequest gateway_resolve(const std::string& reference,
                                                                        const oci::platform& platform) {
  gateway::ResolveImageConfigRequest request;
  request.set_ref(reference);
  if (!platform.arch.empty()) {
    auto& wanted = *request.mutable_platform();
    wanted.set_os(platform.os);
    wanted.set_architecture(platform.arch);
    wanted.set_variant(platform.variant);
  }
  request.set_resolvemode("default");
  request.set_logname(std::string(metadata_step) + reference);
  return request;
}

}  // namespace peelbox::client
