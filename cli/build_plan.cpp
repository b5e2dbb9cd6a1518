#include "cli/build_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/cache_identity.hpp"
#include "cli/context_option.hpp"
#include "cli/emptied_directory.hpp"
#include "cli/own_files.hpp"
#include "cli/service_targets.hpp"
#include "cli/split_command.hpp"
#include "engine/llb/definition.hpp"
#include "engine/llb/local_sources.hpp"
#include "engine/llb/narrow.hpp"
#include "engine/llb/platform_of.hpp"
#include "engine/oci/base_platform.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/oci/manifest.hpp"
#include "engine/oci/platform.hpp"
#include "engine/spec/image_config.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/plan.hpp"
#include "engine/spec/selection.hpp"
#include "engine/spec/validate.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* context_name = "context";

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

result<std::string> read_spec(const build_args& args) {
  const std::string& path = args.spec;
  if (path == "-") return args.piped;
  std::error_code error;
  if (fs::is_directory(path, error)) return wrong("--spec " + path + ": is a directory; name the JSON file in it");
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return wrong(fmt::format("--spec {}: {}. Write one with `peelbox detect . > universalbuild.json`.", path,
                             std::generic_category().message(errno)));
  }
  std::string text(spec::max_spec_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

result<spec::package_manager> parse_package_manager(std::string_view text) {
  if (text == "auto") return spec::package_manager::automatic;
  if (text == "apk") return spec::package_manager::apk;
  if (text == "apt") return spec::package_manager::apt;
  return wrong(fmt::format("--package-manager {}: expected auto, apk or apt", text));
}

result<std::string> read_llb(const build_args& args) {
  const std::string& path = args.llb;
  if (path == "-") return args.piped;
  std::ifstream file(path, std::ios::binary);
  if (!file) return wrong(fmt::format("--llb {}: {}", path, std::generic_category().message(errno)));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string output_text(const build_args& args) { return args.output.value_or("type=docker"); }

void leave_own_files_out(const build_args& args, filesync::context_source& source) {
  const result<output_option> output = parse_output(output_text(args));
  const std::string dest = output.has_value() ? output->dest : "";
  for (std::string& pattern : own_files_below(source.root, dest, args)) source.exclude.push_back(std::move(pattern));
}

struct planned_service {
  std::string name;
  spec::universal_build spec;
  std::vector<std::string> base_images;
  /// One definition for each platform, made without what only the daemon knows about the base images.
  std::vector<spec::plan_result> plans;
};

struct planned_spec {
  std::vector<planned_service> services;
  spec::plan_options options;
  bool for_daemon_platform = false;  ///< planned for a platform that was guessed
  std::vector<std::string> warnings;
};

/// The services that --service and --all name, in the order they were named.
result<std::vector<const spec::universal_build*>> chosen_services(const build_args& args,
                                                                  const spec::loaded_spec& loaded) {
  std::vector<const spec::universal_build*> chosen;
  if (args.all_services) {
    for (const spec::universal_build& service : loaded.services) chosen.push_back(&service);
    return chosen;
  }
  const std::vector<std::string> names = args.services.empty() ? std::vector<std::string>{""} : args.services;
  for (const std::string& name : names) {
    result<const spec::universal_build*> service = spec::select_service(loaded, name);
    if (service.has_error()) return service.error();
    if (std::find(chosen.begin(), chosen.end(), *service) != chosen.end())
      return wrong(fmt::format("--service {} is given twice", name));
    chosen.push_back(*service);
  }
  return chosen;
}

/// "linux/amd64,linux/arm64"; none when nothing is said.
result<std::vector<oci::platform>> parse_platforms(const std::string& text) {
  std::vector<oci::platform> all;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find(',');
    result<oci::platform> one = oci::parse_platform(rest.substr(0, end));
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    if (one.has_error()) return one.error().in("--platform");
    if (std::find(all.begin(), all.end(), *one) != all.end())
      return wrong(fmt::format("--platform {}: {} is there twice", text, oci::to_string(*one)));
    all.push_back(std::move(*one));
  }
  return all;
}

/// A manifest that is no index is taken whatever it is for (the daemon's util/imageutil), so nobody else notices.
result<void> check_platform(const oci::platform& wanted, const oci::platform& has, const std::string& image,
                            std::string_view flag) {
  if (has.arch.empty() || has.os.empty() || oci::may_be_base(wanted, has)) return {};
  return wrong(fmt::format("the image {} is for {}, and the build is for {}. Choose an image that has {} ({}), or build with "
                           "--platform {}.",
                           image, oci::to_string(oci::normalise(has)), oci::to_string(wanted), oci::to_string(wanted), flag,
                           oci::to_string(oci::normalise(has))));
}

/// Adds what the daemon says about the base images to the options. `flag` chooses the image.
result<void> describe(const build::resolved_images& images, const std::string& reference, const oci::platform& wanted,
                      std::string_view flag, std::optional<spec::base_description>& description) {
  const auto normalised = oci::parse_image_reference(reference);
  if (normalised.has_error()) return {};  // "scratch"; other errors were refused before
  const auto found = images.find(normalised->text());
  if (found == images.end()) return {};
  result<oci::image_config> config = oci::parse_image_config(found->second.config);
  if (config.has_error()) return config.error().in("base image " + normalised->text());
  result<void> fits = check_platform(wanted, config->platform, normalised->familiar(), flag);
  if (fits.has_error()) return fits;
  description = spec::base_description{found->second.digest, std::move(*config)};
  return {};
}

result<build::platform_build> plan_part(const spec::universal_build& service, spec::plan_options options,
                                        const build::platform_build& asked, const build::resolved_images& images) {
  options.platform = asked.platform;
  result<void> described =
      describe(images, options.build_image, asked.platform, "--build-image", options.build_base);
  if (described.has_value())
    described = describe(images, options.runtime_image, asked.platform, "--runtime-image", options.runtime_base);
  if (described.has_error()) return described.error();
  result<spec::plan_result> plan = spec::make_plan(service, options);
  if (plan.has_error()) return plan.error();
  auto definition = std::make_shared<const pb::Definition>(std::move(plan->definition.message));
  build::platform_build part{asked.platform, std::move(definition), {}};
  if (!asked.image_config.empty()) part.image_config = std::move(plan->image_config_json);
  return part;
}

/// Spec and flags -> graphs. `session_id` serves the context; it is empty for a definition that somebody else will solve.
/// All services use the same context source, so that the daemon fetches it once.
result<planned_spec> plan_spec(const build_args& args, const std::string& session_id, const std::string& context,
                               const session::user_secret& user) {
  result<std::string> text = read_spec(args);
  if (text.has_error()) return text.error();
  result<spec::loaded_spec> loaded = spec::load(*text, args.spec == "-" ? "standard input" : args.spec);
  if (loaded.has_error()) return loaded.error();
  result<std::vector<std::string>> checked = spec::check(*loaded);
  if (checked.has_error()) return checked.error();
  result<std::vector<const spec::universal_build*>> chosen = chosen_services(args, *loaded);
  if (chosen.has_error()) return chosen.error();

  spec::plan_options options;
  if (!args.build_image.empty()) options.build_image = args.build_image;
  if (!args.runtime_image.empty()) options.runtime_image = args.runtime_image;
  result<std::vector<oci::platform>> platforms = parse_platforms(args.platform);
  if (platforms.has_error()) return platforms.error();
  const bool for_daemon_platform = platforms->empty();
  if (for_daemon_platform) platforms->push_back(oci::host_platform());
  options.names_platform = platforms->size() > 1;
  options.cache_key = cache_identity(args.cache_key, context, user);
  result<spec::package_manager> packages = parse_package_manager(args.package_manager);
  if (packages.has_error()) return packages.error();
  options.packages = *packages;
  if (args.entrypoint) {
    if (chosen->size() > 1) return wrong("--entrypoint is for one service; set runtime.command in the spec");
    result<std::vector<std::string>> words = split_command(*args.entrypoint);
    if (words.has_error()) return words.error();
    options.entrypoint = *words;
  }
  options.no_cache = args.no_cache;
  options.context_name = context_name;
  options.session_id = session_id;
  options.always_transfer = args.paranoid;
  options.follow_paths = spec::selected_paths(*chosen);
  options.shared_key_hint = spec::selection_hint(context_name, options.follow_paths);

  planned_spec planned;
  planned.for_daemon_platform = for_daemon_platform;
  planned.warnings = loaded->warnings;
  planned.warnings.insert(planned.warnings.end(), checked->begin(), checked->end());
  for (const spec::universal_build* service : *chosen) {
    planned_service one{spec::service_name(*service), *service, {}, {}};
    result<std::vector<std::string>> images = spec::base_images(*service, options);
    if (images.has_error()) return images.error();
    one.base_images = std::move(*images);
    for (const oci::platform& platform : *platforms) {
      options.platform = platform;
      result<spec::plan_result> plan = spec::make_plan(*service, options);
      if (plan.has_error()) return chosen->size() > 1 ? plan.error().in("service " + one.name) : plan.error();
      // All platforms have the same ones.
      if (one.plans.empty())
        for (const std::string& warning : plan->warnings)
          planned.warnings.push_back(chosen->size() > 1 ? one.name + ": " + warning : warning);
      one.plans.push_back(std::move(*plan));
    }
    planned.services.push_back(std::move(one));
  }
  planned.options = std::move(options);
  return planned;
}

/// Fills the definitions and the directories from a spec and --context.
result<void> use_spec(const build_args& args, const session::user_secret& user, prepared_build& prepared) {
  build::build_options& options = prepared.options;
  result<std::string> context = canonical_context("--context", args.context);
  if (context.has_error()) return context.error();
  result<planned_spec> planned = plan_spec(args, options.names.id, *context, user);
  if (planned.has_error()) return planned.error();
  prepared.context_dir = *context;
  prepared.warnings = std::move(planned->warnings);
  const std::string ignore_mode = args.no_gitignore ? "dockerignore" : "gitignore,dockerignore";
  options.names.shared_key = session::shared_key_for(user, *context, ignore_mode);
  std::vector<std::string> names;
  for (const planned_service& service : planned->services) names.push_back(service.name);
  result<std::vector<service_target>> targets = service_targets(args.tags, output_text(args), names);
  if (targets.has_error()) return targets.error();
  auto source = std::make_shared<filesync::context_source>(context_source_of(*context, !args.no_gitignore));
  if (!planned->options.follow_paths.empty()) source->copied.insert(planned->options.follow_paths);
  for (std::size_t i = 0; i < planned->services.size(); ++i) {
    const service_target& target = (*targets)[i];
    planned_service& own = planned->services[i];
    build::service_build service;
    service.name = own.name;
    for (spec::plan_result& plan : own.plans) {
      auto definition = std::make_shared<const pb::Definition>(std::move(plan.definition.message));
      build::platform_build part{plan.platform, std::move(definition), {}};
      if (target.output.is_image()) part.image_config = std::move(plan.image_config_json);
      service.solve.parts.push_back(std::move(part));
    }
    if (service.solve.parts.size() > 1 && target.output.type == output_option::kind::docker &&
        !target.output.into_docker())
      return wrong("a Docker archive holds an image of one --platform; use --output type=oci,dest=FILE for several");
    service.solve.for_daemon_platform = planned->for_daemon_platform;
    if (!own.base_images.empty() || planned->for_daemon_platform)
      service.plan = build::late_plan{
          std::move(own.base_images),
          [spec = std::move(own.spec), how = planned->options](const build::platform_build& asked,
                                                               const build::resolved_images& images) {
            return plan_part(spec, how, asked, images);
          }};
    options.services.push_back(std::move(service));
    prepared.services.push_back({own.name, target.output, target.image_names});
  }
  leave_own_files_out(args, *source);
  options.contexts[context_name] = std::move(source);
  return {};
}

/// Checked here because the daemon would only say "no access allowed to dir", and only after all other steps.
result<void> has_all_locals(const std::string& file, const pb::Definition& definition, const build::build_options& options) {
  std::string names;
  std::string flags;
  for (const std::string& name : llb::local_sources(definition)) {
    if (options.contexts.contains(name)) continue;
    names += (names.empty() ? "\"" : ", \"") + name + '"';
    flags += " --local " + name + "=DIR";
  }
  if (names.empty()) return {};
  return wrong(fmt::format("--llb {}: the definition reads {}, a directory of this machine that no --local gives: add{}", file, names, flags));
}

/// An operation may build a definition that is made later and reads more, so this is no error.
void warn_of_idle_locals(const pb::Definition& definition, prepared_build& prepared) {
  const std::vector<std::string> read = llb::local_sources(definition);
  for (const auto& [name, source] : prepared.options.contexts)
    if (std::find(read.begin(), read.end(), name) == read.end())
      prepared.warnings.push_back(fmt::format("--local {} has no effect: the definition of --llb reads {}", name,
                                              read.empty() ? "no directory" : fmt::format("{}", fmt::join(read, ", "))));
}

/// Fills them from --llb and --local; the directories are sent as they are.
result<void> use_llb(const build_args& args, const session::user_secret& user, prepared_build& prepared) {
  build::build_options& options = prepared.options;
  result<std::string> bytes = read_llb(args);
  if (bytes.has_error()) return bytes.error();
  build::service_build service;
  build::platform_build& part = service.solve.parts.emplace_back();
  auto definition = std::make_shared<pb::Definition>();
  if (bytes->empty() || !definition->ParseFromString(*bytes) || definition->def_size() == 0)
    return wrong("--llb " + args.llb + ": not an LLB definition (as `peelbox build --dump-llb -` writes one)");
  const std::vector<llb::narrowed_local> narrowed = llb::narrow_locals(*definition);
  if (args.no_cache) llb::ignore_cache(*definition);
  llb::complete_metadata(*definition);
  result<std::vector<service_target>> targets = service_targets(args.tags, output_text(args), {""});
  if (targets.has_error()) return targets.error();
  const std::optional<oci::platform> own = llb::platform_of(*definition);
  part.definition = std::move(definition);
  part.platform = own.value_or(oci::host_platform());
  service.solve.for_daemon_platform = !own;
  // Without it the daemon calls the image one for itself.
  if (own && targets->front().output.is_image()) part.image_config = spec::plain_image_config_json(*own);
  options.services.push_back(std::move(service));
  prepared.services.push_back({"", targets->front().output, targets->front().image_names});
  std::string roots;
  for (const std::string& local : args.locals) {
    const auto equals = local.find('=');
    if (equals == 0 || equals == std::string::npos)
      return wrong("--local " + local + ": expected NAME=DIR, as in --local context=.");
    if (options.contexts.contains(local.substr(0, equals)))
      return wrong("--local " + local + ": this source has a directory already");
    result<std::string> root = canonical_context("--local", local.substr(equals + 1));
    if (root.has_error()) return root.error();
    auto source = std::make_shared<filesync::context_source>();
    source->root = *root;
    leave_own_files_out(args, *source);
    for (const llb::narrowed_local& one : narrowed)
      if (one.name == local.substr(0, equals)) source->copied.insert(one.paths);
    roots += *root + '\0';
    options.contexts[local.substr(0, equals)] = std::move(source);
  }
  result<void> complete = has_all_locals(args.llb, *part.definition, options);
  if (complete.has_error()) return complete;
  warn_of_idle_locals(*part.definition, prepared);
  // A definition is solved unchanged. So for --paranoid a new key keeps the daemon from comparing with what it has.
  options.names.shared_key =
      args.paranoid ? "peelbox-" + session::random_id() : session::shared_key_for(user, roots, "none");
  return {};
}

bool looks_like_archive(std::string_view path) {
  constexpr auto endings = std::to_array<std::string_view>({".tar", ".tar.gz", ".tgz", ".tar.zst", ".oci"});
  return std::any_of(endings.begin(), endings.end(), [path](std::string_view end) { return path.ends_with(end); });
}

/// The directory will be made when something arrives; what would keep it from being made or filled is known now. Its parents
/// are made, as the local exporter's clients do (buildkit, session/filesync/diffcopy.go).
result<void> ready_directory(const output_option& output) {
  const std::string& name = output.dest;
  std::error_code error;
  const fs::file_status found = fs::status(name, error);
  if (fs::exists(found) && !fs::is_directory(found))
    return wrong(fmt::format("output {} is a file; {} a directory. To write a file use type=tar,dest={} or, for an image, "
                             "type=oci,dest={}",
                             name, output.path_alone ? "a path alone means" : "type=local writes into", name, name));
  fs::path where = fs::absolute(name, error).lexically_normal();
  if (!where.has_filename()) where = where.parent_path();
  if (!fs::exists(found)) {
    where = where.parent_path();
    fs::create_directories(where, error);
    if (error) return errno_failure(error.value(), fmt::format("cannot make directory {} for output {}", where.string(), name));
  }
  if (access(where.c_str(), W_OK | X_OK) != 0) return errno_failure(errno, fmt::format("cannot write into {} for output {}", where.string(), name));
  return {};
}

result<void> open_output(const output_option& output, const build::build_options& options, build::service_build& service) {
  if (output.type == output_option::kind::cacheonly || output.into_docker()) return {};
  if (output.type == output_option::kind::local) {
    if (result<void> ready = ready_directory(output); ready.has_error()) return ready;
    const auto mode = output.attributes.find("mode");
    const bool deletes = mode != output.attributes.end() && mode->second == "delete";
    if (deletes) {
      std::vector<std::string> roots;
      for (const auto& [name, source] : options.contexts) roots.push_back(source->root);
      result<void> allowed = may_be_emptied(output.dest, roots);
      if (allowed.has_error()) return allowed;
    }
    service.output = session::directory_target{output.dest, deletes};
    return {};
  }
  result<std::unique_ptr<session::output_file>> file = session::output_file::create(output.dest);
  if (file.has_error()) return file.error();
  service.output = session::file_target{std::shared_ptr<session::output_file>(std::move(*file))};
  return {};
}

/// What `history ls` shows: the image, else the service.
std::string build_name(const prepared_service& prepared) {
  if (prepared.image_names.empty()) return prepared.name;
  const auto reference = oci::parse_image_reference(prepared.image_names.front());
  return reference.has_value() ? reference->familiar() : prepared.image_names.front();
}

/// Sets what spec and definition have in common: exporter and attestations.
result<void> complete_service(const build_args& args, const prepared_service& prepared, build::service_build& service) {
  const output_option& output = prepared.output;
  attestation_flags flags = args.attest;
  if (args.no_sbom) flags.sbom = "false";
  if (args.no_provenance) flags.provenance = "false";
  result<attestation_choice> attest = choose_attestations(flags, output);
  if (attest.has_error()) return attest.error();
  service.sbom_is_optional = attest->sbom_is_default;
  service.solve.attest = attest->wanted;
  service.solve.no_cache = args.no_cache;
  if (!args.iid_file.empty() && !output.is_image())
    return wrong(fmt::format("--iidfile has no effect with --output type={}, which makes no image", to_string(output.type)));
  service.solve.build_name = build_name(prepared);
  if (output.into_docker()) service.to_docker = build::docker_output{prepared.image_names, {}};
  else if (output.type != output_option::kind::cacheonly) service.solve.target.type = to_string(output.type);
  service.solve.target.attributes = output.attributes;
  // Exporters take several, with commas (exporter/containerimage/export.go).
  if (output.is_image()) service.solve.target.attributes["name"] = fmt::format("{}", fmt::join(prepared.image_names, ","));
  return {};
}

}  // namespace

result<marshalled_definition> dumped_definition(const build_args& args, const session::user_secret& user) {
  if (args.spec.empty()) return wrong("--dump-llb needs --spec FILE");
  result<std::string> context = canonical_context("--context", args.context);
  if (context.has_error()) return context.error();
  result<planned_spec> planned = plan_spec(args, {}, *context, user);
  if (planned.has_error()) return planned.error();
  if (planned->services.size() > 1) return wrong("--dump-llb writes one definition; name one --service");
  if (planned->services.front().plans.size() > 1) return wrong("--dump-llb writes one definition; name one --platform");
  return marshalled_definition{planned->services.front().plans.front().definition.message.SerializeAsString(),
                               std::move(planned->warnings)};
}

result<prepared_build> prepare_build(const build_args& args, const session::user_secret& user) {
  if (args.spec.empty() && args.llb.empty())
    return wrong("--spec FILE is missing. Run `peelbox detect . > universalbuild.json` first, look at the file, then "
                 "build with --spec universalbuild.json.");
  result<transport::tls_options> tls = choose_tls(args.tls, args.tls_dir);
  if (tls.has_error()) return tls.error();

  prepared_build prepared;
  build::build_options& options = prepared.options;
  options.names.id = session::random_id();
  prepared.dial.tls = *tls;
  options.silence_limit = std::chrono::seconds(args.silence_limit);
  result<void> filled = args.llb.empty() ? use_spec(args, user, prepared) : use_llb(args, user, prepared);
  if (filled.has_error()) return filled.error();
  for (std::size_t i = 0; i < options.services.size(); ++i) {
    result<void> complete = complete_service(args, prepared.services[i], options.services[i]);
    if (complete.has_error()) return complete.error();
  }
  // Who writes `-o out.tar` gets a directory of that name from buildx, and rarely wants it.
  if (const output_option& output = prepared.services.front().output; output.path_alone && looks_like_archive(output.dest))
    prepared.warnings.push_back(fmt::format("--output {} writes a directory; for a file use type=tar,dest={} or, for an image, "
                                            "type=oci,dest={}",
                                            output.dest, output.dest, output.dest));
  for (std::size_t i = 0; i < options.services.size(); ++i) {
    const output_option& output = prepared.services[i].output;
    if (options.services.size() > 1 && !output.dest.empty()) {
      // "out" of dest=out/{service}.tar.
      std::error_code error;
      const fs::path parent = fs::path(output.dest).parent_path();
      if (!parent.empty()) fs::create_directories(parent, error);
      if (error) return failure(errc::io, fmt::format("cannot make directory {}: {}", parent.string(), error.message()));
    }
    result<void> opened = open_output(output, options, options.services[i]);
    if (opened.has_error()) return opened.error();
  }
  return prepared;
}

}  // namespace peelbox::cli
