#include "cli/build_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "cli/llb_door.hpp"
#include "cli/outputs.hpp"
#include "cli/own_files.hpp"
#include "cli/spec_door.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::cli {

namespace {

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

std::string output_text(const build_args& args) { return args.output.value_or("type=docker"); }

/// Opens the door that the flags name, and plans what comes through it.
result<door_plan> plan_door(const build_args& args, const session::user_secret& user, door_setting& with) {
  const auto aim = [&](const std::vector<std::string>& names) -> result<void> {
    result<std::vector<service_target>> targets = service_targets(args.tags, output_text(args), names);
    if (targets.has_error()) return targets.error();
    with.targets = std::move(*targets);
    return {};
  };
  if (!args.llb.empty()) {
    result<llb_door> door = open_llb_door(args, user);
    if (door.has_error()) return door.error();
    if (result<void> aimed = aim({""}); aimed.has_error()) return aimed.error();
    return plan_build(std::move(*door), with);
  }
  result<spec_door> door = open_spec_door(args, user);
  if (door.has_error()) return door.error();
  if (result<void> aimed = aim(door->names()); aimed.has_error()) return aimed.error();
  return plan_build(std::move(*door), with);
}

/// What `history ls` shows: the image, else the service.
std::string build_name(const service_target& target, const std::string& name) {
  if (target.image_names.empty()) return name;
  const auto reference = oci::parse_image_reference(target.image_names.front());
  return reference.has_value() ? reference->familiar() : target.image_names.front();
}

/// Sets what all doors have in common: exporter and attestations. Pure.
result<void> complete_request(const build_args& args, const service_target& target, client::solve_request& request) {
  const output_option& output = target.output;
  attestation_flags flags = args.attest;
  if (args.no_sbom) flags.sbom = "false";
  if (args.no_provenance) flags.provenance = "false";
  result<attestation_choice> attest = choose_attestations(flags, output);
  if (attest.has_error()) return attest.error();
  request.sbom_is_optional = attest->sbom_is_default;
  request.attest = attest->wanted;
  request.no_cache = args.no_cache;
  if (!args.iid_file.empty() && !output.is_image())
    return wrong(fmt::format("--iidfile has no effect with --output type={}, which makes no image", to_string(output.type)));
  request.build_name = build_name(target, request.name);
  if (output.type == output_option::kind::cacheonly) return {};
  client::export_request one{{std::string(to_string(output.type)), output.attributes}, {}};
  // Exporters take several, with commas (exporter/containerimage/export.go).
  if (output.is_image()) one.how.attributes["name"] = fmt::format("{}", fmt::join(target.image_names, ","));
  if (output.into_docker()) one.where = client::docker_store{target.image_names, {}};
  request.exports.push_back(std::move(one));
  return {};
}

/// Nothing that the build writes itself is sent.
void leave_own_files_out(const build_args& args, const std::string& dest, filesync::context_source& source) {
  for (std::string& pattern : own_files_below(source.root, dest, args)) source.exclude.push_back(std::move(pattern));
}

/// `-o dest=out/{service}.tar` as it was written.
std::string dest_of(const build_args& args) {
  const result<output_option> output = parse_output(output_text(args));
  return output.has_value() ? output->dest : "";
}

result<void> open_outputs(prepared_build& prepared) {
  auto& requests = prepared.options.services;
  std::vector<std::string> roots;
  for (const auto& [name, source] : prepared.options.contexts) roots.push_back(source->root);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const output_option& output = prepared.services[i].output;
    if (requests.size() > 1 && !output.dest.empty())
      if (result<void> made = make_parents(output); made.has_error()) return made;
    result<client::export_sink> opened = open_output(output, roots);
    if (opened.has_error()) return opened.error();
    if (!std::holds_alternative<client::stays_in_daemon>(*opened)) requests[i].exports.front().where = std::move(*opened);
  }
  return {};
}

}  // namespace

result<marshalled_definition> dumped_definition(const build_args& args, const session::user_secret& user) {
  if (args.spec.empty()) return wrong("--dump-llb needs --spec FILE");
  result<spec_door> door = open_spec_door(args, user);
  if (door.has_error()) return door.error();
  result<spec::plan_result> plan = plan_definition(*door);
  if (plan.has_error()) return plan.error();
  marshalled_definition dumped{plan->definition.message.SerializeAsString(), std::move(door->warnings)};
  dumped.warnings.insert(dumped.warnings.end(), plan->warnings.begin(), plan->warnings.end());
  return dumped;
}

result<prepared_build> prepare_build(const build_args& args, const session::user_secret& user) {
  result<transport::tls_options> tls = choose_tls(args.tls, args.tls_dir);
  if (tls.has_error()) return tls.error();
  prepared_build prepared;
  prepared.dial.tls = *tls;
  client::build_options& options = prepared.options;
  options.silence_limit = std::chrono::seconds(args.silence_limit);
  options.names.id = session::random_id();
  door_setting with;
  with.session_id = options.names.id;
  result<door_plan> plan = plan_door(args, user, with);
  if (plan.has_error()) return plan.error();
  prepared.warnings = std::move(plan->warnings);
  options.names.shared_key = std::move(plan->shared_key);
  if (!args.paranoid && !args.no_cache && user.why_not_kept().empty()) {
    options.user = user;
    options.keyed_contexts = std::move(plan->reads);
  }
  options.services = std::move(plan->requests);
  const std::string dest = dest_of(args);
  for (auto& [name, source] : plan->contexts) {
    leave_own_files_out(args, dest, *source);
    options.contexts[name] = std::move(source);
  }
  for (std::size_t i = 0; i < options.services.size(); ++i) {
    result<void> complete = complete_request(args, with.targets[i], options.services[i]);
    if (complete.has_error()) return complete.error();
    prepared.services.push_back({options.services[i].name, std::move(with.targets[i].output), std::move(with.targets[i].image_names)});
  }
  // Who writes `-o out.tar` gets a directory of that name from buildx, and rarely wants it.
  if (const output_option& output = prepared.services.front().output; output.path_alone && looks_like_archive(output.dest))
    prepared.warnings.push_back(fmt::format("--output {} writes a directory; for a file use type=tar,dest={} or, for an image, "
                                            "type=oci,dest={}",
                                            output.dest, output.dest, output.dest));
  result<void> opened = open_outputs(prepared);
  if (opened.has_error()) return opened.error();
  return prepared;
}

}  // namespace peelbox::cli
