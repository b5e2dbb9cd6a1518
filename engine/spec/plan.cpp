#include "engine/spec/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/llb/op.hpp"
#include "engine/spec/artifacts.hpp"
#include "engine/spec/image_config.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/packages.hpp"
#include "engine/spec/validate.hpp"

namespace peelbox::spec {
namespace {

constexpr char build_dir[] = "/build";

/// The first line of a command, shortened for a line of progress.
std::string title(const std::string& command) {
  constexpr std::size_t longest = 80;
  const std::size_t start = command.find_first_not_of(" \t\r\n");
  std::string out = command.substr(start, command.find('\n', start) - start);
  bool cut = command.find_first_not_of(" \t\r\n", start + out.size()) != std::string::npos;
  if (out.size() > longest) {
    out.resize(longest);
    // Not in the middle of a UTF-8 character.
    while (!out.empty() && (static_cast<unsigned char>(command[out.size()]) & 0xc0) == 0x80) out.pop_back();
    cut = true;
  }
  return cut ? out + " …" : out;
}

class planner {
 public:
  planner(const universal_build& service, const plan_options& options)
      : service_(service), options_(options) {
    options_.platform = oci::normalise(options.platform);
  }

  result<plan_result> make() {
    plan_result out;
    out.platform = options_.platform;
    if (auto r = check(out.warnings); !r) return r.error();

    auto build_image = make_base_image(options_.build_image, options_, options_.build_base, "build image");
    if (!build_image) return build_image.error();
    auto runtime_image =
        make_base_image(options_.runtime_image, options_, options_.runtime_base, "runtime image");
    if (!runtime_image) return runtime_image.error();

    auto runtime =
        install(*runtime_image, *build_image, service_.runtime.packages, "runtime packages", options_);
    if (!runtime) return runtime.error();
    llb::state image = *runtime;
    if (!service_.runtime.copy.empty()) {
      if (build_image->is_distroless)
        return failure(errc::usage,
                       fmt::format("the build image {} has no shell to run commands with", build_image->text),
                       origin::user);
      auto tools = install(*build_image, *build_image, service_.build.packages, "packages", options_);
      if (!tools) return tools.error();
      const auto artifacts = plan_artifacts(service_.runtime.copy, options_.working_dir);
      image = copy_artifacts(image, build_stage(*tools, artifacts), service_.runtime.copy, artifacts,
                             stage_title("runtime", options_));
    }
    if (image.is_scratch())
      return failure(errc::usage,
                     "the image would be empty: no runtime image, no runtime.packages, no runtime.copy",
                     origin::user);

    llb::marshal_options how;
    how.no_cache = options_.no_cache;
    auto definition = llb::marshal(image, how);
    if (!definition) return definition.error();
    out.definition = *std::move(definition);

    if (service_.runtime.health && !service_.runtime.ports.empty() && runtime_image->is_distroless)
      out.warnings.push_back(fmt::format(
          "runtime.health: the runtime image {} has no shell: no health check is set", runtime_image->text));
    out.image_config_json = image_config_json(service_, options_, !runtime_image->is_distroless);
    return out;
  }

 private:
  result<void> check(std::vector<std::string>& warnings) const {
    std::vector<std::string> errors;
    for (const problem& p : validate(service_)) {
      const bool replaced = p.path == "runtime.command" && options_.entrypoint;
      if (p.how == problem::weight::error) errors.push_back(p.path + ": " + p.text);
      if (p.how == problem::weight::warning && !replaced) warnings.push_back(p.path + ": " + p.text);
    }
    if (errors.empty()) return {};
    return failure(errc::usage, fmt::format("{}", fmt::join(errors, "\n")), origin::user);
  }

  /// The context, copied to a tree of its own, because commands write into it. With a copy the daemon finds its cache
  /// by content in the next session, and keeps the snapshot with which the next transfer is compared. A writable mount
  /// of the local source would finalise that snapshot (cache/manager.go, New), and everything would be sent again. The
  /// copy begins with an empty tree, so it waits for no package, and the services of a repository share
  /// it.
  llb::state context() const {
    llb::local_options local;
    local.session_id = options_.session_id;
    local.shared_key_hint =
        options_.shared_key_hint.empty() ? options_.context_name : options_.shared_key_hint;
    local.include_patterns = options_.include_patterns;
    local.follow_paths = options_.follow_paths;
    local.exclude_patterns = options_.exclude_patterns;
    local.always_transfer = options_.always_transfer;
    // One of the two is needed, or clients with equal graphs share a transfer (PROTOCOL of local sources).
    if (options_.session_id.empty()) local.unique = local.shared_key_hint;
    llb::copy_step copy;
    copy.from = llb::local(options_.context_name, local, "load build context");
    copy.source = "/";
    copy.target = "/";
    copy.contents = true;
    return llb::file({}, {std::move(copy)}, "[build] copy context");
  }

  llb::state build_stage(llb::state root, const std::vector<artifact>& artifacts) const {
    llb::state work = context();
    const std::vector<std::string>& commands = service_.build.commands;
    for (std::size_t i = 0; i + 1 < commands.size(); ++i) {
      llb::run_options run = step(work, llb::mount::changes::kept);
      run.args = {"sh", "-e", "-c", commands[i]};
      const llb::run_result done = llb::run(root, std::move(run), command_title(i));
      root = done.root;
      work = done.at(build_dir);
    }
    // The last command and the script that collects are one step: a cache is mounted only while the command runs, and
    // artifacts may be in one. Whatever else is in /build afterwards is not needed any more, so it is not
    // stored.
    llb::run_options run = step(work, llb::mount::changes::dropped);
    run.args = {"sh", fmt::format("{}/{}", layout_script_directory, layout_script_name),
                commands.empty() ? "" : commands.back()};
    for (const artifact& a : artifacts) {
      run.args.push_back(a.from);
      run.args.push_back(a.name);
    }
    llb::mkfile_step script;
    script.path = "/" + std::string(layout_script_name);
    script.data = layout_script;
    script.mode = 0755;
    run.mounts.push_back(llb::bind_read_only(std::string(layout_script_directory),
                                             llb::file({}, {std::move(script)}, "[build] prepare")));
    run.mounts.push_back(llb::bind(std::string(layout_target), {}));
    const std::string name =
        commands.empty() ? stage_title("build", options_) + " collect artifacts" : command_title(commands.size() - 1);
    return llb::run(root, std::move(run), name).at(std::string(layout_target));
  }

  llb::run_options step(const llb::state& work, llb::mount::changes writes) const {
    llb::run_options run;
    run.cwd = build_dir;
    run.platform = options_.platform;
    run.env = merged_environment(options_.build_base, service_.build.env);
    llb::mount tree = llb::bind(build_dir, work);
    tree.writes = writes;
    // The cache key of the step before stands for this content already; hashing a tree full of build output would
    // take seconds.
    tree.content = llb::mount::content_key::off;
    run.mounts.push_back(std::move(tree));
    std::map<std::string, std::string> caches;
    for (const std::string& entry : service_.build.cache) {
      const std::string target = llb::absolute_path(entry, build_dir);
      caches.emplace(target, cache_id(target));
    }
    for (const auto& [target, id] : caches) {
      // Below /build are work files, for one build at a time; elsewhere are stores whose tools do their own locking.
      const bool inside = target.starts_with(std::string(build_dir) + "/");
      run.mounts.push_back(llb::cache(
          target, id, inside ? llb::mount::cache_sharing::locked : llb::mount::cache_sharing::shared));
    }
    for (const secret_use& secret : service_.build.secrets) {
      if (secret.env.empty()) run.mounts.push_back(llb::secret(secret.path(), secret.id, secret.optional));
      else run.secrets.push_back({secret.id, secret.env, secret.optional});
    }
    add_agents(run);
    return run;
  }

  /// Where a Dockerfile's RUN has them. Clients look for the first one (frontend/dockerfile/dockerfile2llb).
  void add_agents(llb::run_options& run) const {
    const std::vector<std::string>& ids = service_.build.ssh;
    for (std::size_t i = 0; i < ids.size(); ++i) run.mounts.push_back(llb::ssh(agent_socket(i), ids[i]));
    if (!ids.empty()) run.env.push_back("SSH_AUTH_SOCK=" + agent_socket(0));
  }
  static std::string agent_socket(std::size_t i) { return fmt::format("/run/buildkit/ssh_agent.{}", i); }

  /// Different for each project, platform and directory, and readable in `du`.
  std::string cache_id(const std::string& target) const {
    std::string path =
        target.starts_with(std::string(build_dir) + "/") ? target.substr(sizeof(build_dir)) : target;
    const std::string project = options_.cache_key.empty() ? "" : "-" + options_.cache_key;
    return fmt::format("{}{}-{}-{}", service_name(service_), project, oci::to_string(options_.platform), path);
  }

  std::string command_title(std::size_t i) const {
    const std::vector<std::string>& commands = service_.build.commands;
    const std::string stage = fmt::format("build {}/{}", i + 1, commands.size());
    return stage_title(stage, options_) + " " + title(commands[i]);
  }

  const universal_build& service_;
  plan_options options_;
};

}  // namespace

result<std::vector<std::string>> base_images(const universal_build& service, const plan_options& options) {
  auto build = make_base_image(options.build_image, options, {}, "build image");
  if (!build) return build.error();
  auto runtime = make_base_image(options.runtime_image, options, {}, "runtime image");
  if (!runtime) return runtime.error();
  std::vector<std::string> images;
  if (!runtime->is_scratch) images.push_back(runtime->text);
  const bool gives_tools = runtime->is_distroless && !service.runtime.packages.empty();
  if (!build->is_scratch && build->text != runtime->text && (!service.runtime.copy.empty() || gives_tools))
    images.push_back(build->text);
  return images;
}

result<plan_result> make_plan(const universal_build& service, const plan_options& options) {
  return planner(service, options).make();
}

}  // namespace peelbox::spec
