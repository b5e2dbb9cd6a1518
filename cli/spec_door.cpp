#include "cli/spec_door.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "cli/cache_identity.hpp"
#include "cli/context_option.hpp"
#include "cli/platform_option.hpp"
#include "cli/secret_option.hpp"
#include "cli/split_command.hpp"
#include "cli/ssh_option.hpp"
#include "cli/wrong.hpp"
#include "engine/client/program.hpp"
#include "engine/oci/base_platform.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/session/identity.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/selection.hpp"
#include "engine/spec/validate.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* context_name = "context";

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

/// The services that --service and --all name, in the order they were named.
result<std::vector<spec::universal_build>> chosen_services(const build_args& args, const spec::loaded_spec& loaded) {
  if (args.all_services) return loaded.services;
  std::vector<const spec::universal_build*> chosen;
  const std::vector<std::string> names = args.services.empty() ? std::vector<std::string>{""} : args.services;
  for (const std::string& name : names) {
    result<const spec::universal_build*> service = spec::select_service(loaded, name);
    if (service.has_error()) return service.error();
    if (std::find(chosen.begin(), chosen.end(), *service) != chosen.end())
      return wrong(fmt::format("--service {} is given twice", name));
    chosen.push_back(*service);
  }
  std::vector<spec::universal_build> services;
  for (const spec::universal_build* service : chosen) services.push_back(*service);
  return services;
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
result<void> describe(const client::late_plan::images& images, const std::string& reference, const oci::platform& wanted,
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

/// What makes the part of one platform when the base images are known.
struct part_maker {
  spec::universal_build service;
  spec::plan_options how;
  bool is_image;

  result<client::platform_build> operator()(const oci::platform& platform, const client::late_plan::images& images) const {
    spec::plan_options options = how;
    options.platform = platform;
    result<void> described = describe(images, options.build_image, platform, "--build-image", options.build_base);
    if (described.has_value())
      described = describe(images, options.runtime_image, platform, "--runtime-image", options.runtime_base);
    if (described.has_error()) return described.error();
    result<spec::plan_result> plan = spec::make_plan(service, options);
    if (plan.has_error()) return plan.error();
    return part_of(std::move(*plan));
  }

  client::platform_build part_of(spec::plan_result plan) const {
    auto definition = std::make_shared<const pb::Definition>(std::move(plan.definition.message));
    return {plan.platform, std::move(definition), is_image ? std::move(plan.image_config_json) : std::string()};
  }
};

result<spec::plan_options> options_of(const build_args& args, std::size_t services) {
  spec::plan_options options;
  if (!args.build_image.empty()) options.build_image = args.build_image;
  if (!args.runtime_image.empty()) options.runtime_image = args.runtime_image;
  result<spec::package_manager> packages = parse_package_manager(args.package_manager);
  if (packages.has_error()) return packages.error();
  options.packages = *packages;
  if (args.entrypoint) {
    if (services > 1) return wrong("--entrypoint is for one service; set runtime.command in the spec");
    result<std::vector<std::string>> words = split_command(*args.entrypoint);
    if (words.has_error()) return words.error();
    options.entrypoint = *words;
  }
  options.no_cache = args.no_cache;
  options.context_name = context_name;
  options.always_transfer = args.paranoid;
  return options;
}

/// The graphs of one service without what only the daemon knows of the base images: whatever is wrong with the spec is found
/// before anybody connects. For a platform that nobody named, this machine's stands in.
result<std::vector<spec::plan_result>> plans_of(const spec::universal_build& service, const spec_door& door,
                                                spec::plan_options options) {
  std::vector<oci::platform> platforms = door.platforms;
  if (platforms.empty()) platforms.push_back(oci::host_platform());
  std::vector<spec::plan_result> plans;
  for (const oci::platform& platform : platforms) {
    options.platform = platform;
    result<spec::plan_result> plan = spec::make_plan(service, options);
    if (plan.has_error())
      return door.services.size() > 1 ? plan.error().in("service " + spec::service_name(service)) : plan.error();
    plans.push_back(std::move(*plan));
  }
  return plans;
}

/// What the commands will ask for is missed here rather than when some of them have run.
result<void> has_secrets(const build_args& args, const std::vector<spec::universal_build>& services) {
  if (!args.dump_llb.empty()) return {};
  const auto given = [](const std::vector<std::string>& options, const std::string& id, auto parse) {
    return std::any_of(options.begin(), options.end(), [&](const std::string& text) {
      const auto option = parse(text);
      return option.has_error() || option->id == id;  // a wrong one is complained about by whoever reads all of it
    });
  };
  for (const spec::universal_build& service : services) {
    const std::string where = "service " + spec::service_name(service);
    for (const spec::secret_use& one : service.build.secrets)
      if (!one.optional && !given(args.secrets, one.id, parse_secret))
        return wrong(fmt::format("{}: its build.secrets has \"{}\", which was not given: add --secret id={},src=FILE or --secret id={},env=VARIABLE",
                                 where, one.id, one.id, one.id));
    for (const std::string& id : service.build.ssh)
      if (!given(args.agents, id, parse_ssh))
        return wrong(fmt::format("{}: its build.ssh has \"{}\", which was not given: add --ssh {} or --ssh {}=KEYFILE", where, id, id, id));
  }
  return {};
}

void add_warnings(std::vector<std::string>& all, const std::vector<std::string>& more, const std::string& service) {
  for (const std::string& warning : more) all.push_back(service.empty() ? warning : service + ": " + warning);
}

}  // namespace

std::vector<std::string> spec_door::names() const {
  std::vector<std::string> all;
  for (const spec::universal_build& service : services) all.push_back(spec::service_name(service));
  return all;
}

result<spec_door> open_spec_door(const build_args& args, const session::user_secret& user) {
  if (args.spec.empty())
    return wrong("--spec FILE is missing. Run `peelbox detect . > universalbuild.json` first, look at the file, then "
                 "build with --spec universalbuild.json.");
  spec_door door;
  result<std::string> context = canonical_context("--context", args.context);
  if (context.has_error()) return context.error();
  door.context = std::move(*context);
  result<std::string> text = read_spec(args);
  if (text.has_error()) return text.error();
  result<spec::loaded_spec> loaded = spec::load(*text, args.spec == "-" ? "standard input" : args.spec);
  if (loaded.has_error()) return loaded.error();
  result<std::vector<std::string>> checked = spec::check(*loaded);
  if (checked.has_error()) return checked.error();
  door.warnings = std::move(loaded->warnings);
  door.warnings.insert(door.warnings.end(), checked->begin(), checked->end());
  result<std::vector<spec::universal_build>> chosen = chosen_services(args, *loaded);
  if (chosen.has_error()) return chosen.error();
  door.services = std::move(*chosen);
  if (result<void> given = has_secrets(args, door.services); given.has_error()) return given.error();
  result<std::vector<oci::platform>> platforms = parse_platforms(args.platform);
  if (platforms.has_error()) return platforms.error();
  door.platforms = std::move(*platforms);
  result<spec::plan_options> how = options_of(args, door.services.size());
  if (how.has_error()) return how.error();
  door.how = std::move(*how);
  door.how.cache_key = cache_identity(args.cache_key, door.context, user);
  door.how.names_platform = door.platforms.size() > 1;
  std::vector<const spec::universal_build*> all;
  for (const spec::universal_build& service : door.services) all.push_back(&service);
  door.how.follow_paths = spec::selected_paths(all);
  door.how.shared_key_hint = spec::selection_hint(context_name, door.how.follow_paths);
  door.gitignore = !args.no_gitignore;
  door.shared_key = session::shared_key_for(user, door.context, args.no_gitignore ? "dockerignore" : "gitignore,dockerignore");
  return door;
}

result<door_plan> plan_build(spec_door door, const door_setting& with) {
  door.how.session_id = with.session_id;
  door_plan plan;
  plan.warnings = door.warnings;
  for (std::size_t i = 0; i < door.services.size(); ++i) {
    const spec::universal_build& service = door.services[i];
    const service_target& target = with.targets[i];
    client::solve_request request;
    request.name = spec::service_name(service);
    request.platforms = door.platforms;
    if (result<void> fit = can_hold(target.outputs, door.platforms.size()); fit.has_error()) return fit.error();
    result<std::vector<std::string>> images = spec::base_images(service, door.how);
    if (images.has_error()) return images.error();
    result<std::vector<spec::plan_result>> plans = plans_of(service, door, door.how);
    if (plans.has_error()) return plans.error();
    // All platforms have the same ones.
    add_warnings(plan.warnings, plans->front().warnings, door.services.size() > 1 ? request.name : "");
    // The definitions of all services and platforms read the same of it.
    if (plan.reads.empty()) plan.reads = llb::local_requests(plans->front().definition.message, with.session_id);
    part_maker make{service, door.how, target.makes_image()};
    if (images->empty() && !door.platforms.empty()) {
      client::definitions finished;
      for (spec::plan_result& one : *plans) finished.parts.push_back(make.part_of(std::move(one)));
      request.source = std::move(finished);
    } else {
      request.source = client::program_of(client::late_plan{std::move(*images), std::move(make)});
    }
    plan.requests.push_back(std::move(request));
  }
  auto source = std::make_shared<filesync::context_source>(context_source_of(door.context, door.gitignore));
  if (!door.how.follow_paths.empty()) source->copied.insert(door.how.follow_paths);
  plan.contexts[context_name] = std::move(source);
  plan.shared_key = door.shared_key;
  return plan;
}

result<spec::plan_result> plan_definition(const spec_door& door) {
  if (door.services.size() > 1) return wrong("--dump-llb writes one definition; name one --service");
  if (door.platforms.size() > 1) return wrong("--dump-llb writes one definition; name one --platform");
  result<std::vector<spec::plan_result>> plans = plans_of(door.services.front(), door, door.how);
  if (plans.has_error()) return plans.error();
  return std::move(plans->front());
}

}  // namespace peelbox::cli
