// `peelbox pool`: a pool of daemons in Kubernetes, one StatefulSet for each architecture.
#include <CLI/App.hpp>

#include <algorithm>
#include <memory>

#include "cli/choice.hpp"
#include "cli/command.hpp"
#include "cli/pool/commands.hpp"
#include "cli/subcommand.hpp"

namespace peelbox::cli {

namespace {

using pool::pool_args;

/// `build` has the directory as --context and a -v of its own.
void add_pool_flags(CLI::App& app, pool_args& args, bool builds = false) {
  const std::string group = "Pool";
  app.add_option(builds ? "--kube-context" : "--context", args.access.context, "Context of the kubeconfig; else the current one")->type_name("NAME");
  app.add_option("--namespace", args.access.name_space, "Namespace of the pool")->type_name("NAME")->capture_default_str()->group(group);
  app.add_option("--statefulset-prefix", args.prefix, "What the names of the StatefulSets begin with; the architecture follows")
      ->type_name("TEXT")->capture_default_str()->group(group);
  app.add_option(builds ? "--pool-annotation" : "--annotation", args.annotation, "Where the time of the last build is kept")->type_name("KEY")->capture_default_str()->group(group);
  app.add_option("--kubeconfig", args.access.kubeconfig, "Kubeconfig; else KUBECONFIG, ~/.kube/config or the account of the pod that we run in")
      ->type_name("FILE")->group(group);
  if (!builds) app.add_flag("-v,--verbose", args.verbose, "Tell more")->group(group);
}

/// For what asks daemons or leads to them.
void add_way(CLI::App& app, pool_args& args, const char* purpose = "A buildkit.json: cluster and bastion, for what flags do not say") {
  app.add_option("--config", args.config, purpose)->type_name("FILE")->group("Pool");
  app.add_flag("--via-bastion", args.via_bastion, "Reach daemons by ssh through the bastion of --config, and not through the API server")->group("Pool");
}

void add_arch(CLI::App& app, pool_args& args, const char* flag, bool required) {
  CLI::Option* const option = app.add_option(flag, args.arch, "Architecture of the set")->check(one_of({"amd64", "arm64"}));
  // "-a=amd64" is what the usage of the scripts that this replaces says.
  option->transform([](std::string word) { return word.starts_with('=') ? word.substr(1) : word; });
  if (required) option->required();
}

void add_choice(CLI::App& app, pool_args& args, const char* group = "") {
  for (CLI::Option* const option :
       {app.add_option("--policy", args.policy, "Which pod: least-busy asks two daemons; least-cpu, random; sticky: one pod for one --key")
            ->check(one_of({"least-busy", "least-cpu", "random", "sticky"}))->capture_default_str(),
        app.add_option("--key", args.key, "What is built, for --policy sticky")->type_name("TEXT")})
    if (*group != 0) option->group(group);
}

}  // namespace

command add_pool_command(CLI::App& app) {
  auto args = std::make_shared<pool_args>();
  command added;
  added.app = add_subcommand(app, "pool", "Use a pool of daemons in Kubernetes: address, activity, scale");
  added.app->require_subcommand(1);
  added.app->footer("Examples:\n  peelbox pool scale up --wait\n  peelbox build --addr \"$(peelbox pool get-address --arch amd64)\" -t app:1 .\n"
                    "  peelbox pool scale down --timeout 1800");

  CLI::App* const address = add_subcommand(*added.app, "get-address", "Print the address of the pod for the next build");
  add_arch(*address, *args, "-a,--arch", true);
  address->add_flag("--omit-protocol", args->omit_protocol, "Without tcp://");
  add_choice(*address, *args);
  address->add_flag("--pod", args->as_pod, "As kube-pod://, which goes through the API server");
  address->add_flag("--ip", args->as_ip, "With the pod's IP address instead of its name in DNS");
  address->add_option("--domain", args->domain, "Domain of the cluster")->type_name("NAME")->capture_default_str();
  address->add_flag("--json", args->as_json, "As JSON, with all pods and why they were not chosen");
  add_way(*address, *args);
  add_pool_flags(*address, *args);
  address->footer("Example:\n  peelbox pool get-address --arch amd64 --omit-protocol");

  CLI::App* const record = add_subcommand(*added.app, "record-build", "Note that a build runs now, so that the set is not scaled down");
  add_arch(*record, *args, "-a,--arch", true);
  record->add_flag("--dry-run", args->dry_run, "Ask the server whether it would be done");
  add_pool_flags(*record, *args);
  record->footer("Example:\n  peelbox pool record-build --arch arm64");

  CLI::App* const scale = add_subcommand(*added.app, "scale", "Start the pool, or stop what is idle");
  scale->require_subcommand(1);
  scale->footer("Examples:\n  peelbox pool scale up --only amd64 --wait\n  peelbox pool scale down --timeout 1800");
  CLI::App* const up = add_subcommand(*scale, "up", "Give sets that have no pod one");
  add_arch(*up, *args, "--only", false);
  up->add_flag("--wait", args->wait, "Until a pod of each is ready");
  up->add_option("--timeout", args->wait_seconds, "How long --wait waits, in seconds")->type_name("SECONDS")
      ->check(number_from(1, 86'400))->capture_default_str();
  up->add_flag("--dry-run", args->dry_run, "Ask the server whether it would be done");
  add_pool_flags(*up, *args);
  up->footer("Example:\n  peelbox pool scale up --only amd64 --wait --timeout 300");

  const auto add_down = [&](CLI::App& parent, const char* name) {
    CLI::App* const down = add_subcommand(parent, name, "Stop sets without a build; a running build is never ended");
    add_arch(*down, *args, "--only", false);
    down->add_option("--timeout", args->idle_seconds, "Only sets whose last build began longer ago, in seconds")->type_name("SECONDS")
        ->check(number_from(0, 1'000'000'000));
    down->add_flag("--dry-run", args->dry_run, "Ask the server whether it would be done");
    add_way(*down, *args);
    add_pool_flags(*down, *args);
    down->footer("Example:\n  peelbox pool scale down --timeout 1800");
    return down;
  };
  CLI::App* const down = add_down(*scale, "down");
  CLI::App* const suspend = add_down(*added.app, "suspend");

  const auto add_while = [&](CLI::App& to) {
    add_choice(to, *args, "Pool");
    to.add_option("--timeout", args->wait_seconds, "How long to wait for a pod, in seconds")->type_name("SECONDS")
        ->check(number_from(1, 86'400))->capture_default_str();
    to.add_option("--heartbeat", args->heartbeat_seconds, "How often the build is noted, in seconds")->type_name("SECONDS")
        ->check(number_from(1, 86'400))->capture_default_str()->group("Pool");
  };
  CLI::App* const tunnel = add_subcommand(*added.app, "tunnel", "Lead a local port to a daemon of the pool, which is started for it");
  add_arch(*tunnel, *args, "-a,--arch", true);
  tunnel->add_option("-p,--port", args->port, "Port of 127.0.0.1; 0 takes a free one. The address is printed when a daemon has answered")
      ->type_name("PORT")->check(number_from(0, 65'535))->required();
  add_while(*tunnel);
  add_way(*tunnel, *args);
  add_pool_flags(*tunnel, *args);
  tunnel->footer("Example:\n  peelbox pool tunnel --arch amd64 --port 1234");

  const auto wanted = std::make_shared<build_args>();
  CLI::App* const build = add_subcommand(*added.app, "build", "Build for amd64 and arm64 beside each other and push one image");
  build->add_option("--repo", args->repository, "Repository of the image: registry.example/team/app")->type_name("NAME")->required();
  add_build_flags(*build, *wanted);
  // Each half has its own, or they are chosen by the pool.
  for (const char* name : {"--output", "--push", "--load", "--platform", "--buildkit", "--tlscacert", "--tlscert", "--tlskey", "--tlsservername",
                           "--tlsdir", "--all", "--service", "--dump-llb", "--llb", "--timeline", "--trace", "--log-file", "--metadata-file",
                           "--iidfile", "--ref-file", "--stats", "--retry", "--detach", "--call", "--check", "--progress", "--quiet"})
    if (CLI::Option* const option = build->get_option_no_throw(name)) build->remove_option(option);
  build->get_option("--tag")->description("Tag of the image in --repo");
  add_arch(*build, *args, "--only", false);
  build->add_option("--cache", args->cache, "Cache in a registry, one for each architecture")->type_name("REF");
  build->add_option("--retry", args->retries, "Tries on other pods when a pod goes")->type_name("N")
      ->check(number_from(0, 10))->capture_default_str();
  build->add_option("--insecure", args->insecure, "Registry without TLS, or with a certificate that is not verified, for the index. May be repeated")
      ->type_name("HOST[:PORT]")->take_all()->allow_extra_args(false)->group("Pool");
  add_while(*build);
  add_way(*build, *args, "A buildkit.json: registry, cluster, cache and bastion, for what flags do not say");
  add_pool_flags(*build, *args, true);
  build->footer("Example:\n  peelbox pool build --repo example.com/team/app --tag 1.0 -f Dockerfile .");

  CLI::App* const run = add_subcommand(*added.app, "run", "Run a command whose BUILDKIT_HOST is a daemon of the pool");
  add_arch(*run, *args, "-a,--arch", true);
  run->add_option("command", args->program, "The command and its arguments, after --")->required()->expected(1, 10'000);
  add_while(*run);
  add_way(*run, *args);
  add_pool_flags(*run, *args);
  run->footer("Example:\n  peelbox pool run --arch amd64 -- peelbox build -t app:1 .");

  const auto add_clear = [&](CLI::App& parent, const char* name) {
    CLI::App* const clear = add_subcommand(parent, name, "Remove what idle daemons keep from builds");
    add_arch(*clear, *args, "--only", false);
    clear->add_flag("--dry-run", args->dry_run, "Tell what would be removed");
    clear->add_flag("--force", args->force, "Daemons that build too: what their builds use stays");
    clear->add_flag("--delete-volumes", args->delete_volumes, "The volumes of pods that are not there too, with all that is in them");
    add_way(*clear, *args);
    add_pool_flags(*clear, *args);
    clear->footer("Example:\n  peelbox pool cache clear --delete-volumes --dry-run");
    return clear;
  };
  CLI::App* const cache = add_subcommand(*added.app, "cache", "What the daemons keep from builds");
  cache->require_subcommand(1);
  cache->footer("Example:\n  peelbox pool cache clear --dry-run");
  CLI::App* const clear = add_clear(*cache, "clear");
  CLI::App* const clear_cache = add_clear(*added.app, "clear-cache");

  CLI::App* const validate = add_subcommand(*added.app, "validate", "Check a buildkit.json, which --config reads");
  validate->add_option("FILE", args->config, "The file")->required();
  validate->add_flag("-v,--verbose", args->verbose, "Tell more")->group("Pool");
  validate->footer("Example:\n  peelbox pool validate buildkit.json");

  CLI::App* const status = add_subcommand(*added.app, "status", "Show sets, pods and their load");
  status->add_flag("--json", args->as_json, "As JSON");
  add_way(*status, *args);
  add_pool_flags(*status, *args);
  status->footer("Example:\n  peelbox pool status");

  added.run = [=](const surroundings& with) {
    if (address->parsed()) return pool::run_address(args, with);
    if (record->parsed()) return pool::run_record(args, with);
    if (up->parsed()) return pool::run_up(args, with);
    if (down->parsed() || suspend->parsed()) return pool::run_down(args, with);
    if (tunnel->parsed()) return pool::run_tunnel(args, with);
    if (build->parsed()) return pool::run_build(args, wanted, with);
    if (run->parsed()) return pool::run_program(args, with);
    if (clear->parsed() || clear_cache->parsed()) return pool::run_clear(args, with);
    if (validate->parsed()) return pool::run_validate(args, with);
    return pool::run_status(args, with);
  };
  added.verbosity = [args, wanted] { return std::max(args->verbose, wanted->verbose); };
  added.interrupted = "error: interrupted";
  return added;
}

}  // namespace peelbox::cli
