#include "engine/build/solve_request.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <utility>

namespace peelbox::build {

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

bool needs_gateway(const solve_options& options) {
  return options.attest.any() || options.through_gateway || options.parts.size() > 1;
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

moby::buildkit::v1::SolveRequest control_solve(const solve_options& options) {
  moby::buildkit::v1::SolveRequest request;
  request.set_ref(options.ref);
  request.set_session(options.session_id);
  exporter target = options.target;
  if (!needs_gateway(options)) {
    const platform_build& part = options.parts.front();
    *request.mutable_definition() = *part.definition;
    if (!part.image_config.empty()) target.attributes.emplace(config_key, part.image_config);
  }
  if (!target.type.empty()) {
    auto* listed = request.add_exporters();
    listed->set_type(target.type);
    listed->mutable_attrs()->insert(target.attributes.begin(), target.attributes.end());
    // Daemons before v0.13 know one exporter, in these fields (client/solve.go).
    request.set_exporterdeprecated(target.type);
    request.mutable_exporterattrsdeprecated()->insert(target.attributes.begin(), target.attributes.end());
  }
  auto& attributes = *request.mutable_frontendattrs();
  if (options.attest.sbom) attributes["attest:sbom"] = *options.attest.sbom;
  if (options.attest.provenance) attributes["attest:provenance"] = *options.attest.provenance;
  if (options.no_cache) attributes["no-cache"] = "";
  // The name that buildx's history looks for first (util/history/name.go).
  if (!options.build_name.empty()) attributes["build-arg:BUILDKIT_BUILD_NAME"] = options.build_name;
  // The daemon gives it to every exporter that has no source-date-epoch of its own (control/control.go).
  if (!options.source_date_epoch.empty()) attributes["build-arg:SOURCE_DATE_EPOCH"] = options.source_date_epoch;
  request.mutable_cache();
  return request;
}

moby::buildkit::v1::frontend::SolveRequest gateway_solve(const platform_build& part) {
  moby::buildkit::v1::frontend::SolveRequest request;
  *request.mutable_definition() = *part.definition;
  request.set_allowresultreturn(true);
  request.set_allowresultarrayref(true);
  return request;
}

moby::buildkit::v1::frontend::ReturnRequest gateway_return(
    const solve_options& options, const std::vector<moby::buildkit::v1::frontend::SolveResponse>& solved) {
  moby::buildkit::v1::frontend::ReturnRequest request;
  auto& result = *request.mutable_result();
  if (options.parts.size() == 1) result = solved.front().result();
  auto& metadata = *result.mutable_metadata();
  metadata["refs.platforms"] = platforms_json(options.parts);
  for (std::size_t i = 0; i < options.parts.size(); ++i) {
    const platform_build& part = options.parts[i];
    std::string key(config_key);
    if (options.parts.size() > 1) {
      const std::string id = oci::to_string(part.platform);
      (*result.mutable_refs()->mutable_refs())[id] = solved[i].result().ref();
      key += "/" + id;
    }
    if (!part.image_config.empty()) metadata[key] = part.image_config;
  }
  return request;
}

moby::buildkit::v1::frontend::ResolveImageConfigRequest gateway_resolve(const std::string& reference,
                                                                        const oci::platform& platform) {
  moby::buildkit::v1::frontend::ResolveImageConfigRequest request;
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

}  // namespace peelbox::build
