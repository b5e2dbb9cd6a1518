#include "cli/build_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <utility>

#include "cli/build_modes.hpp"
#include "cli/context_id.hpp"
#include "cli/dockerfile_door.hpp"
#include "cli/frontend_door.hpp"
#include "cli/frontend_values.hpp"
#include "cli/llb_door.hpp"
#include "cli/outputs.hpp"
#include "cli/own_files.hpp"
#include "cli/spec_door.hpp"
#include "cli/wrong.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::cli {

namespace {

/// Where the result goes when nobody says it. An image without a name is one that nobody would find in Docker.
std::string_view default_output(const build_args& args) {
  const build_mode mode = mode_of(args);
  const bool asks = args.dockerfile.check || !args.dockerfile.call.empty();
  const bool calls = mode == build_mode::dockerfile || mode == build_mode::frontend;
  return calls && (args.tags.empty() || asks) ? "type=cacheonly" : "type=docker";
}

/// Kinds of builds that announce other trees of one directory.
std::string mode_text(const build_args& args) {
  return fmt::format("{} {}", static_cast<int>(mode_of(args)), args.no_gitignore);
}

/// Opens the door that the flags name, and plans what comes through it.
result<door_plan> plan_door(const build_args& args, const session::user_secret& user, const environment& env,
                            const std::vector<output_option>& outputs, door_setting& with) {
  const auto aim = [&](const std::vector<std::string>& names, naming rule = naming::every_image) -> result<void> {
    result<std::vector<service_target>> targets =
        service_targets(args.tags, outputs, names, args.ready_outputs ? naming::none : rule);
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
  if (mode_of(args) == build_mode::dockerfile) {
    result<dockerfile_door> door = open_dockerfile_door(args, user, env);
    if (door.has_error()) return door.error();
    if (result<void> aimed = aim({""}, naming::stored_image); aimed.has_error()) return aimed.error();
    return plan_build(std::move(*door), with);
  }
  if (mode_of(args) == build_mode::frontend) {
    result<frontend_door> door = open_frontend_door(args, user, env);
    if (door.has_error()) return door.error();
    if (result<void> aimed = aim({""}, naming::stored_image); aimed.has_error()) return aimed.error();
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

/// What is pushed by its digest alone has no tag; the daemon refuses a name with one (exporter/containerimage).
std::string without_tag(const std::string& name) {
  const auto reference = oci::parse_image_reference(name);
  return reference.has_value() ? reference->name() : name;
}

client::export_request export_of(const output_option& output, std::vector<std::string> image_names) {
  if (const auto by_digest = output.attributes.find("push-by-digest"); by_digest != output.attributes.end() && by_digest->second == "true")
    for (std::string& name : image_names) name = without_tag(name);
  client::export_request one{{std::string(to_string(output.type)), output.attributes}, {}};
  // Exporters take several, with commas (exporter/containerimage/export.go).
  if (output.is_image() && !image_names.empty()) one.how.attributes["name"] = fmt::format("{}", fmt::join(image_names, ","));
  if (output.into_docker()) one.where = client::docker_store{image_names, {}};
  return one;
}

/// Sets what all doors have in common: exporters and attestations. Pure.
result<void> complete_request(const build_args& args, const service_target& target, const attestation_defaults& defaults,
                              client::solve_request& request) {
  attestation_flags flags = args.attest;
  if (args.no_sbom) flags.sbom = "false";
  if (args.no_provenance) flags.provenance = "false";
  result<attestation_choice> attest = choose_attestations(flags, target.outputs, defaults);
  if (attest.has_error()) return attest.error();
  request.sbom_is_optional = attest->sbom_is_default;
  request.attest = attest->wanted;
  request.no_cache = args.no_cache;
  if (!args.iid_file.empty() && !target.makes_image())
    return wrong(fmt::format("--iidfile has no effect with --output type={}, which makes no image", to_string(target.outputs.front().type)));
  request.build_name = build_name(target, request.name);
  std::map<std::string, std::string> annotations;
  for (const std::string& text : args.annotations) {
    auto attributes = annotation_attributes(text);
    if (attributes.has_error()) return attributes.error();
    for (auto& [key, value] : *attributes) annotations[key] = std::move(value);
  }
  if (!annotations.empty() && !target.makes_image())
    return wrong(fmt::format("--annotation has no effect with --output type={}, which makes no image", to_string(target.outputs.front().type)));
  for (const output_option& output : target.outputs) {
    if (output.type == output_option::kind::cacheonly) continue;
    request.exports.push_back(export_of(output, target.image_names));
    if (output.is_image()) request.exports.back().how.attributes.insert(annotations.begin(), annotations.end());
  }
  return {};
}

/// Where it is remembered what times were announced and what files contain; empty: nowhere, as where every file is sent anyway.
std::string memories_of(const build_args& args, const session::user_secret& user) {
  if (args.paranoid || user.file().empty()) return {};
  return std::filesystem::path(user.file()).replace_filename("contexts").string();
}

/// How the times of a context are announced, and which file remembers what is needed for that. By machine, as the shared key is:
/// home directories are shared and copied.
void choose_times(const build_args& args, const session::user_secret& user, const std::optional<context_identity>& shared,
                  const environment& env, const std::string& memories, filesync::context_source& source) {
  const bool contents = announces_contents(args);
  if (!memories.empty() && !source.tree) {
    const std::string_view purpose = contents ? "contents of a context" : "memory of a context";
    source.memory = memories + '/' + user.derive(purpose, session::machine_text() + '\0' + source.root);
  }
  if (!contents) return;
  // With --paranoid every file is read.
  source.content_times = filesync::content_time_options{shared ? shared->time_key() : user.derive("times of contents", ""),
                                                       !args.paranoid && !source.tree};
  source.home = env("HOME").value_or("");
  source.xdg_config_home = env("XDG_CONFIG_HOME").value_or("");
}

/// Nothing that the build writes itself is sent.
void leave_own_files_out(const build_args& args, const std::vector<output_option>& outputs, const std::string& memories,
                         filesync::context_source& source) {
  std::vector<std::string> places{memories};
  for (const output_option& output : outputs) places.push_back(output.dest);
  for (std::string& pattern : own_files_below(source.root, places, args)) source.exclude.push_back(std::move(pattern));
}

result<void> open_outputs(prepared_build& prepared) {
  auto& requests = prepared.options.services;
  std::vector<std::string> roots;
  for (const auto& [name, source] : prepared.options.contexts) roots.push_back(source->root);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto one = requests[i].exports.begin();
    for (const output_option& output : prepared.services[i].target.outputs) {
      if (output.type == output_option::kind::cacheonly) continue;
      if (requests.size() > 1 && !output.dest.empty())
        if (result<void> made = make_parents(output); made.has_error()) return made;
      result<client::export_sink> opened = open_output(output, roots);
      if (opened.has_error()) return opened.error();
      if (!std::holds_alternative<client::stays_in_daemon>(*opened)) one->where = std::move(*opened);
      ++one;
    }
  }
  return {};
}

/// Who writes `-o out.tar` gets a directory of that name from buildx, and rarely wants it.
void warn_of_directories(const std::vector<output_option>& outputs, std::vector<std::string>& warnings) {
  for (const output_option& output : outputs)
    if (output.path_alone && looks_like_archive(output.dest))
      warnings.push_back(fmt::format("--output {} writes a directory; for a file use type=tar,dest={} or, for an image, type=oci,dest={}",
                                     output.dest, output.dest, output.dest));
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

namespace {

result<std::vector<output_option>> outputs_of(const build_args& args) {
  if (!args.ready_outputs) return choose_outputs(args.outputs, args.push, args.load, default_output(args));
  if (args.ready_outputs->empty()) return choose_outputs({}, false, false, "type=cacheonly");
  return *args.ready_outputs;
}

}  // namespace

result<prepared_build> prepare_build(const build_args& args, const session::user_secret& user, const environment& env) {
  result<transport::tls_options> tls = choose_tls(args.tls, args.tls_dir);
  if (tls.has_error()) return tls.error();
  prepared_build prepared;
  prepared.dial.tls = *tls;
  client::build_options& options = prepared.options;
  options.silence_limit = std::chrono::seconds(args.silence_limit);
  options.retries = args.retries;
  options.names.id = session::random_id();
  result<std::vector<output_option>> outputs = outputs_of(args);
  if (outputs.has_error()) return outputs.error();
  door_setting with;
  with.session_id = options.names.id;
  result<door_plan> plan = plan_door(args, user, env, *outputs, with);
  if (plan.has_error()) return plan.error();
  prepared.warnings = std::move(plan->warnings);
  prepared.layouts = std::move(plan->layouts);
  prepared.asked = std::move(plan->asked);
  if (args.ready_outputs) plan->attested = {false, false};
  if (prepared.asked && outputs->front().type != output_option::kind::cacheonly)
    return wrong("--call and --check ask the frontend and build nothing; leave --output, --push and --load out");
  const result<std::optional<context_identity>> shared = choose_identity(args, *plan, env);
  if (shared.has_error()) return shared.error();
  options.names.shared_key = *shared ? (*shared)->shared_key(mode_text(args)) : std::move(plan->shared_key);
  if (*shared) options.shared_secret = (*shared)->session_secret();
  if (!args.paranoid && !args.no_cache && user.why_not_kept().empty()) {
    options.user = user;
    options.keyed_contexts = std::move(plan->reads);
  }
  options.services = std::move(plan->requests);
  const std::string memories = memories_of(args, user);
  for (auto& [name, source] : plan->contexts) {
    leave_own_files_out(args, *outputs, memories, *source);
    choose_times(args, user, *shared, env, memories, *source);
    options.contexts[name] = std::move(source);
  }
  for (std::size_t i = 0; i < options.services.size(); ++i) {
    result<void> complete = complete_request(args, with.targets[i], plan->attested, options.services[i]);
    if (complete.has_error()) return complete.error();
    prepared.services.push_back({options.services[i].name, std::move(with.targets[i])});
  }
  warn_of_directories(*outputs, prepared.warnings);
  if (!args.terse && args.outputs.empty() && outputs->front().type == output_option::kind::cacheonly && !prepared.asked)
    prepared.warnings.emplace_back("neither --tag nor --output is given, so the result stays in the daemon's build cache");
  result<void> opened = open_outputs(prepared);
  if (opened.has_error()) return opened.error();
  return prepared;
}

}  // namespace peelbox::cli
