#include "cli/dockerfile_door.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <utility>

#include "cli/context_option.hpp"
#include "cli/frontend_values.hpp"
#include "cli/git_attributes.hpp"
#include "cli/local_option.hpp"
#include "cli/output_fields.hpp"
#include "cli/piped_input.hpp"
#include "cli/platform_option.hpp"
#include "cli/wrong.hpp"
#include "engine/async/ascii.hpp"
#include "engine/docker/config.hpp"
#include "engine/filesync/text_tree.hpp"
#include "engine/oci/digest.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/oci/layout_index.hpp"
#include "engine/session/content_store.hpp"
#include "engine/session/identity.hpp"
#include "engine/session/upload_service.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* default_name = "Dockerfile";

std::shared_ptr<filesync::context_source> one_file(std::string name, std::string text) {
  auto source = std::make_shared<filesync::context_source>();
  source->root = "standard input";
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::map<std::string, std::string> files;
  if (!name.empty()) files.emplace(std::move(name), std::move(text));
  source->tree = filesync::text_tree(std::move(files), std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  return source;
}

/// Where the Dockerfile lies. `context` is empty for one that the daemon fetches.
result<void> find_dockerfile(const build_args& args, const std::string& context, dockerfile_door& door) {
  auto& attributes = door.frontend.attributes;
  const std::string& file = args.dockerfile.file;
  if (!args.upload && (file == "-" || args.context == "-")) {
    if (is_archive(args.piped))
      return wrong("-f -: standard input is an archive; to build what is in it write - in place of the directory");
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

/// The main context: a directory, nothing when the Dockerfile comes from standard input, or what the daemon fetches, also from us. Gives
/// the directory.
result<std::string> find_context(const build_args& args, dockerfile_door& door) {
  if (args.upload) {
    if (args.dockerfile.file == "-") return wrong("standard input cannot be both the context and the Dockerfile; leave -f - out, or name a file of the archive");
    if (args.retries > 0) return wrong("--retry has no effect with an archive from standard input, which can be read only once; put it into a file and unpack that");
    door.frontend.attributes["context"] = args.upload->url();
    return std::string();
  }
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

constexpr std::string_view layout_scheme = "oci-layout://";

/// "DIR[:TAG][@DIGEST]". Gives what the frontend is told: the name of the layout, and the digest, which the tag has in the
/// index, or which is the only one there (buildx, build/opt.go).
result<std::string> add_layout(const std::string& text, std::string where, dockerfile_door& door) {
  std::string digest, tag;
  if (const std::size_t at = where.rfind('@'); at != where.npos) {
    digest = where.substr(at + 1);
    where.resize(at);
    if (const auto parsed = oci::parse_digest(digest); parsed.has_error()) return parsed.error().in("--build-context " + text);
  }
  const std::size_t colon = where.rfind(':');
  if (std::error_code error; colon != where.npos && where.find('/', colon) == where.npos && !fs::exists(where, error)) {
    tag = where.substr(colon + 1);
    where.resize(colon);
  }
  result<std::string> directory = canonical_context("--build-context " + text + ":", where);
  if (directory.has_error()) return directory.error();
  if (digest.empty()) {
    const session::content_store store(*directory, session::content_store::access::read);
    const auto index = store.index();
    if (index.has_error()) return index.error().in("--build-context " + text);
    if (!*index) return wrong(fmt::format("--build-context {}: {} is no OCI layout, it has no index.json", text, *directory));
    const auto found = tag.empty() ? oci::only_digest(**index) : oci::tagged_digest(**index, tag);
    if (found.has_error()) return found.error().in("--build-context " + text);
    const auto latest = !*found && tag.empty() ? oci::tagged_digest(**index, "latest") : found;
    if (latest.has_error() || !*latest)
      return wrong(fmt::format("--build-context {}: {} has {}; name an image with :TAG or @DIGEST", text, *directory,
                               tag.empty() ? "several images and none with the tag latest" : "no image with the tag " + tag));
    digest = **latest;
  }
  const std::string name = fmt::format("layout{}", door.layouts.size());
  door.layouts.push_back(name + '=' + *directory);
  return fmt::format("{}{}@{}", layout_scheme, name, digest);
}

result<void> add_named_contexts(const build_args& args, dockerfile_door& door) {
  auto& attributes = door.frontend.attributes;
  for (const std::string& text : args.dockerfile.build_contexts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == text.npos) return wrong(fmt::format("--build-context {}: expected NAME=DIR, NAME=docker-image://REF, NAME=oci-layout://DIR[:TAG] or NAME=URL", text));
    result<std::string> name = context_name(text, text.substr(0, equals));
    if (name.has_error()) return name.error();
    const std::string where = text.substr(equals + 1);
    const std::string key = "context:" + *name;
    if (attributes.contains(key)) return wrong(fmt::format("--build-context {}: {} is named twice", text, *name));
    if (where.starts_with(layout_scheme)) {
      result<std::string> image = add_layout(text, where.substr(layout_scheme.size()), door);
      if (image.has_error()) return image.error();
      attributes[key] = std::move(*image);
      continue;
    }
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

/// Those of Docker's configuration, where no argument of the name was given in whatever case (buildx, build/opt.go).
result<void> add_proxies(const environment& env, std::map<std::string, std::string>& attributes) {
  const result<docker::config> known = docker::load_config(env);
  if (known.has_error()) return known.error();
  for (const auto& [name, value] : docker::proxy_arguments(*known, env("DOCKER_HOST").value_or(""))) {
    const std::string key = "build-arg:" + name;
    const bool given = std::any_of(attributes.begin(), attributes.end(), [&](const auto& one) { return lower(one.first) == lower(key); });
    if (!given) attributes[key] = value;
  }
  return {};
}

result<void> add_attributes(const build_args& args, const environment& env, dockerfile_door& door) {
  const dockerfile_flags& flags = args.dockerfile;
  auto& attributes = door.frontend.attributes;
  auto arguments = named_values("--build-arg", flags.build_args, env);
  if (arguments.has_error()) return arguments.error();
  for (auto& [name, value] : *arguments) attributes["build-arg:" + name] = std::move(value);
  if (result<void> added = add_proxies(env, attributes); added.has_error()) return added;
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
  if (const auto main = door.contexts.find("context"); main != door.contexts.end() && !main->second->tree) {
    const auto file = door.contexts.find("dockerfile");
    const bool on_disk = file != door.contexts.end() && !file->second->tree;
    const auto name = door.frontend.attributes.find("filename");
    const std::string dockerfile = name == door.frontend.attributes.end() ? default_name : name->second;
    // What was given goes before.
    door.frontend.attributes.merge(git_attributes(main->second->root, on_disk ? file->second->root + '/' + dockerfile : std::string(), env));
  }
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
  plan.layouts = std::move(door.layouts);
  plan.shared_key = std::move(door.shared_key);
  plan.attested = door.attested;
  return plan;
}

}  // namespace peelbox::cli
