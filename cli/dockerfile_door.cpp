#include "cli/dockerfile_door.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <utility>

#include "cli/context_option.hpp"
#include "cli/frontend_values.hpp"
#include "cli/local_option.hpp"
#include "cli/output_fields.hpp"
#include "cli/platform_option.hpp"
#include "engine/filesync/text_tree.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* default_name = "Dockerfile";

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

std::shared_ptr<filesync::context_source> one_file(std::string name, std::string text) {
  auto source = std::make_shared<filesync::context_source>();
  source->root = "standard input";
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::map<std::string, std::string> files;
  if (!name.empty()) files.emplace(std::move(name), std::move(text));
  source->tree = filesync::text_tree(std::move(files), std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  return source;
}

/// By the first bytes of gzip, bzip2 and xz, and the mark of tar (buildx takes these for a context).
bool is_archive(std::string_view bytes) {
  constexpr auto beginnings = std::to_array<std::string_view>({"\x1f\x8b", "BZh", "\xfd" "7zXZ"});
  return std::any_of(beginnings.begin(), beginnings.end(), [bytes](std::string_view one) { return bytes.starts_with(one); }) ||
         (bytes.size() > 262 && bytes.substr(257, 5) == "ustar");
}

/// Where the Dockerfile lies. `context` is empty for one that the daemon fetches.
result<void> find_dockerfile(const build_args& args, const std::string& context, dockerfile_door& door) {
  auto& attributes = door.frontend.attributes;
  const std::string& file = args.dockerfile.file;
  if (file == "-" || args.context == "-") {
    if (is_archive(args.piped))
      return wrong("standard input is an archive; a Dockerfile is taken there. Unpack it and name its directory instead");
    door.contexts["dockerfile"] = one_file(default_name, args.piped);
    if (context.empty()) attributes["dockerfilekey"] = "dockerfile";
    return {};
  }
  if (context.empty() && !fs::path(file).is_absolute()) {
    if (!file.empty()) attributes["filename"] = file;
    return {};
  }
  if (file.empty()) {
    std::error_code error;
    if (!fs::exists(fs::path(context) / default_name, error) && !fs::exists(fs::path(context) / "dockerfile", error))
      return wrong(fmt::format("there is no Dockerfile in {}: name one with -f FILE; or run `peelbox detect {} > universalbuild.json`, look at "
                               "the file, and build with --spec universalbuild.json.",
                               args.context, args.context));
    door.contexts["dockerfile"] = whole_directory(context);
    return {};
  }
  std::error_code error;
  if (fs::is_directory(file, error)) return wrong(fmt::format("-f {}: is a directory; name the Dockerfile in it", file));
  if (!fs::exists(file, error)) {
    const bool inside = !context.empty() && fs::exists(fs::path(context) / file, error);
    return wrong(fmt::format("-f {}: there is no such file{}", file,
                             inside ? fmt::format("; the path is one from the working directory, so write -f {}", (fs::path(args.context) / file).string())
                                    : std::string()));
  }
  const fs::path path = fs::absolute(file, error);
  result<std::string> directory = canonical_context("-f", path.parent_path().string());
  if (directory.has_error()) return directory.error();
  attributes["filename"] = path.filename().string();
  if (context.empty()) attributes["dockerfilekey"] = "dockerfile";
  door.contexts["dockerfile"] = whole_directory(std::move(*directory));
  return {};
}

/// The main context: a directory, nothing when the Dockerfile comes from standard input, or what the daemon fetches. Gives the
/// directory.
result<std::string> find_context(const build_args& args, dockerfile_door& door) {
  if (args.context == "-") {
    if (!args.dockerfile.file.empty())
      return wrong("- in place of the directory is a Dockerfile from standard input, and -f names another one; leave one of them out");
    door.contexts["context"] = one_file("", "");
    return std::string("-");
  }
  std::error_code error;
  if (!fs::exists(args.context, error) && is_remote_context(args.context)) {
    door.frontend.attributes["context"] = args.context;
    return std::string();
  }
  result<std::string> root = canonical_context("DIR", args.context);
  if (root.has_error()) return root.error();
  door.contexts["context"] = whole_directory(*root);
  return root;
}

/// "alpine" and "docker.io/library/alpine:latest" are one name (buildx, build/opt.go).
result<std::string> context_name(const std::string& text, const std::string& name) {
  const auto reference = oci::parse_image_reference(name);
  if (reference.has_error()) return wrong(fmt::format("--build-context {}: {} cannot be a name: {}", text, name, reference.error().text));
  std::string familiar = reference->familiar();
  if (familiar.ends_with(":latest")) familiar.resize(familiar.size() - std::string_view(":latest").size());
  return familiar;
}

result<void> add_named_contexts(const build_args& args, dockerfile_door& door) {
  auto& attributes = door.frontend.attributes;
  for (const std::string& text : args.dockerfile.build_contexts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == text.npos) return wrong(fmt::format("--build-context {}: expected NAME=DIR, NAME=docker-image://REF or NAME=URL", text));
    result<std::string> name = context_name(text, text.substr(0, equals));
    if (name.has_error()) return name.error();
    const std::string where = text.substr(equals + 1);
    const std::string key = "context:" + *name;
    if (attributes.contains(key)) return wrong(fmt::format("--build-context {}: {} is named twice", text, *name));
    if (where.starts_with("oci-layout://"))
      return wrong(fmt::format("--build-context {}: an image layout as a context is not possible yet; load it into a registry and use docker-image://REF", text));
    std::error_code error;
    const bool elsewhere = where.starts_with("docker-image://") || (is_remote_context(where) && !fs::exists(where, error));
    if (elsewhere) {
      attributes[key] = where;
      continue;
    }
    result<std::string> root = canonical_context("--build-context " + *name + "=", where);
    if (root.has_error()) return root.error();
    const std::string local = *name == "context" || *name == "dockerfile" ? "_" + *name : *name;
    attributes[key] = "local:" + local;
    door.contexts[local] = whole_directory(std::move(*root));
  }
  return {};
}

/// What these arguments mean is the client's affair (buildx, build/opt.go).
result<void> apply_special_arguments(dockerfile_door& door) {
  auto& attributes = door.frontend.attributes;
  const auto value = [&attributes](const char* name) {
    const auto found = attributes.find(std::string("build-arg:") + name);
    return found == attributes.end() ? nullptr : &found->second;
  };
  if (const std::string* syntax = value("BUILDKIT_SYNTAX")) {
    const std::string image = syntax->substr(0, syntax->find(' '));
    if (image.empty()) return wrong("--build-arg BUILDKIT_SYNTAX=: the image of the frontend is missing");
    door.frontend.name = "gateway.v0";
    attributes["cmdline"] = *syntax;
    attributes["source"] = image;
  }
  const std::string* several = value("BUILDKIT_MULTI_PLATFORM");
  if (several != nullptr && !several->empty() && !is_false(*several)) attributes["multi-platform"] = "true";
  const std::string* cache = value("BUILDKIT_INLINE_CACHE");
  door.inline_cache = cache != nullptr && !cache->empty() && !is_false(*cache);
  return {};
}

result<void> add_attributes(const build_args& args, const environment& env, dockerfile_door& door) {
  const dockerfile_flags& flags = args.dockerfile;
  auto& attributes = door.frontend.attributes;
  auto arguments = named_values("--build-arg", flags.build_args, env);
  if (arguments.has_error()) return arguments.error();
  for (auto& [name, value] : *arguments) attributes["build-arg:" + name] = std::move(value);
  auto labels = named_values("--label", flags.labels, [](std::string_view) { return std::optional<std::string>(""); });
  if (labels.has_error()) return labels.error();
  for (auto& [name, value] : *labels) attributes["label:" + name] = std::move(value);
  const auto set = [&attributes](const char* key, const std::string& value) {
    if (!value.empty()) attributes[key] = value;
  };
  set("target", flags.target);
  set("cgroup-parent", flags.cgroup_parent);
  if (flags.pull) attributes["image-resolve-mode"] = "pull";
  if (flags.network != "default") set("force-network-mode", flags.network);
  if (flags.network == "host") door.entitlements.emplace_back("network.host");
  result<std::string> hosts = host_entries(flags.add_hosts);
  if (hosts.has_error()) return hosts.error();
  set("add-hosts", *hosts);
  result<std::string> ulimits = ulimit_entries(flags.ulimits);
  if (ulimits.has_error()) return ulimits.error();
  set("ulimit", *ulimits);
  if (!flags.shm_size.empty()) {
    result<std::string> bytes = size_in_bytes("--shm-size", flags.shm_size);
    if (bytes.has_error()) return bytes.error();
    if (*bytes != "0") attributes["shm-size"] = *bytes;
  }
  std::string stages;
  for (const std::string& stage : flags.no_cache_filter) stages += (stages.empty() ? "" : ",") + stage;
  set("no-cache", stages);
  std::string platforms;
  for (const oci::platform& one : door.platforms) platforms += (platforms.empty() ? "" : ",") + oci::to_string(one);
  set("platform", platforms);
  if (!flags.call.empty() || flags.check) {
    result<std::optional<frontend_question>> question = parse_question(flags.check ? "check" : flags.call);
    if (question.has_error()) return question.error();
    door.question = std::move(*question);
  }
  if (door.question) attributes["requestid"] = "frontend." + door.question->method;
  // Frontends that are made for it and older ones both find out by these names (frontend/gateway/grpcclient).
  std::string needs;
  if (!flags.build_contexts.empty()) needs = "moby.buildkit.frontend.contexts+forward";
  if (door.question) needs += std::string(needs.empty() ? "" : ",") + "moby.buildkit.frontend.subrequests+forward";
  set("frontend.caps", needs);
  return apply_special_arguments(door);
}

}  // namespace

result<dockerfile_door> open_dockerfile_door(const build_args& args, const session::user_secret& user, const environment& env) {
  dockerfile_door door;
  door.frontend.name = "dockerfile.v0";
  const std::string platform = args.platform.empty() ? env("DOCKER_DEFAULT_PLATFORM").value_or("") : args.platform;
  result<std::vector<oci::platform>> platforms = parse_platforms(platform);
  if (platforms.has_error()) return platforms.error();
  door.platforms = std::move(*platforms);
  result<std::string> context = find_context(args, door);
  if (context.has_error()) return context.error();
  if (result<void> found = find_dockerfile(args, *context, door); found.has_error()) return found.error();
  if (result<void> named = add_named_contexts(args, door); named.has_error()) return named.error();
  if (result<void> added = add_attributes(args, env, door); added.has_error()) return added.error();
  const std::string unattested = env("BUILDX_NO_DEFAULT_ATTESTATIONS").value_or("");
  door.attested.provenance = unattested.empty() || is_false(unattested);
  std::string roots;
  for (const auto& [name, source] : door.contexts) roots += name + '=' + source->root + '\0';
  door.shared_key = args.paranoid ? "peelbox-" + session::random_id() : session::shared_key_for(user, roots, "dockerfile");
  return door;
}

result<door_plan> plan_build(dockerfile_door door, const door_setting& with) {
  door_plan plan;
  if (result<void> fit = can_hold(with.targets.front().outputs, door.platforms.size()); fit.has_error()) return fit.error();
  client::solve_request request = request_of(std::move(door.frontend), std::move(door.question), plan.asked);
  request.platforms = std::move(door.platforms);
  request.entitlements = std::move(door.entitlements);
  if (door.inline_cache) request.cache_exports.push_back({"inline", {}});
  plan.requests.push_back(std::move(request));
  plan.contexts = std::move(door.contexts);
  plan.shared_key = std::move(door.shared_key);
  plan.attested = door.attested;
  return plan;
}

}  // namespace peelbox::cli
