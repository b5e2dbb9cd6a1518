#include "engine/build/solve_request.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace peelbox::build {

namespace {

constexpr std::string_view config_key = "containerimage.config";

std::string platforms_json(const oci::platform& platform) {
  boost::json::object fields{{"architecture", platform.arch}, {"os", platform.os}};
  if (!platform.variant.empty()) fields["variant"] = platform.variant;
  boost::json::object entry{{"ID", oci::to_string(platform)}, {"Platform", std::move(fields)}};
  return boost::json::serialize(boost::json::object{{"Platforms", boost::json::array{std::move(entry)}}});
}

}  // namespace

bool needs_gateway(const solve_options& options) { return options.attest.any() || options.through_gateway; }

moby::buildkit::v1::SolveRequest control_solve(const solve_options& options) {
  moby::buildkit::v1::SolveRequest request;
  request.set_ref(options.ref);
  request.set_session(options.session_id);
  exporter target = options.target;
  if (!needs_gateway(options)) {
    *request.mutable_definition() = options.definition;
    if (!options.image_config.empty()) target.attributes.emplace(config_key, options.image_config);
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
  request.mutable_cache();
  return request;
}

moby::buildkit::v1::frontend::SolveRequest gateway_solve(const solve_options& options) {
  moby::buildkit::v1::frontend::SolveRequest request;
  *request.mutable_definition() = options.definition;
  request.set_allowresultreturn(true);
  request.set_allowresultarrayref(true);
  return request;
}

moby::buildkit::v1::frontend::ReturnRequest gateway_return(
    const solve_options& options, const moby::buildkit::v1::frontend::SolveResponse& solved) {
  moby::buildkit::v1::frontend::ReturnRequest request;
  auto& result = *request.mutable_result();
  result = solved.result();
  auto& metadata = *result.mutable_metadata();
  metadata["refs.platforms"] = platforms_json(options.platform);
  if (!options.image_config.empty()) metadata[std::string(config_key)] = options.image_config;
  return request;
}

}  // namespace peelbox::build
