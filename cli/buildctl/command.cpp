// `peelbox buildctl …`, and peelbox when it is called buildctl: the commands, flags, outputs and exit codes of BuildKit's client
// (cmd/buildctl). docs/buildctl.md lists what differs.
#include <CLI/App.hpp>
#include <fmt/format.h>

#include <memory>

#include "cli/build.hpp"
#include "cli/buildctl/build.hpp"
#include "cli/buildctl/debug.hpp"
#include "cli/buildctl/output.hpp"
#include "cli/buildctl/reports.hpp"
#include "cli/cache_report.hpp"
#include "cli/command.hpp"
#include "cli/daemon_args.hpp"
#include "cli/exit_code.hpp"
#include "cli/subcommand.hpp"
#include "cli/wrong.hpp"
#include "engine/client/cache.hpp"
#include "engine/client/history.hpp"
#include "engine/client/inspect.hpp"
#include "transport/standard_stream.hpp"

namespace peelbox::cli {

namespace {

/// Any failure; buildctl knows no other one.
constexpr int failed = 1;
constexpr const char* default_address = "unix:///run/buildkit/buildkitd.sock";

using control_ptr = std::shared_ptr<h2grpc::connection>;

struct arguments {
  daemon_args daemon;
  build_args build;
  std::vector<std::string> outputs;
  std::vector<std::string> filters;
  bool verbose = false;
  bool all = false;
  std::string format;
  std::string keep_duration;
  double keep_storage = 0;      ///< MB
  double keep_storage_min = 0;  ///< MB
  double free_storage = 0;      ///< MB
  buildctl::debug_args about;
  std::string trace;
  std::string metrics;
  // Taken and without a meaning here.
  bool debug = false;
  bool wait = false;
  int timeout = 0;
  std::string log_format;
};
using args_ptr = std::shared_ptr<arguments>;

int fail(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  return failed;
}

/// BUILDKIT_HOST counts, Docker and its contexts do not.
void choose_address(daemon_args& daemon, const surroundings& with) {
  if (daemon.buildkit) return;
  const std::string variable = with.env("BUILDKIT_HOST").value_or("");
  daemon.buildkit = variable.empty() ? default_address : variable;
}

task<result<std::shared_ptr<client::route>>> way_to(args_ptr args, const surroundings& with) {
  choose_address(args->daemon, with);
  result<transport::tls_options> tls = choose_tls(args->daemon.tls, args->daemon.tls_dir);
  if (tls.has_error()) co_return tls.error();
  transport::dial_options dial;
  with.reach_pods(dial);
  dial.tls = *tls;
  result<client::found_daemon> found = co_await client::find_daemon(args->daemon.buildkit, with.env, dial, with.log);
  if (found.has_error()) co_return found.error();
  co_return found->way;
}

task<int> on_daemon(args_ptr args, const surroundings& with, std::function<task<result<void>>(control_ptr)> use) {
  result<std::shared_ptr<client::route>> way = co_await way_to(args, with);
  if (way.has_error()) co_return fail(way.error(), with);
  result<void> done = co_await client::with_daemon(*way, with.log, use);
  if (done.has_error()) co_return fail(done.error(), with);
  co_return exit_ok;
}

/// --format: Go templates are not run, except for the one that everybody uses.
result<bool> wants_json(const std::string& format) {
  if (format.empty()) return false;
  if (format == "json" || format == "{{json .}}") return true;
  return wrong(fmt::format("--format {}: only json is possible here", format));
}

// build

task<int> run_build(args_ptr args, const surroundings& with) {
  choose_address(args->daemon, with);
  build_args build = args->build;
  static_cast<daemon_args&>(build) = args->daemon;
  build.terse = true;
  build.ready_outputs.emplace();
  for (const std::string& text : args->outputs) {
    result<output_option> output = buildctl::parse_output(text);
    if (output.has_error()) co_return fail(output.error(), with);
    build.ready_outputs->push_back(std::move(*output));
  }
  if (result<void> single = one_layout(*build.ready_outputs); single.has_error()) co_return fail(single.error(), with);
  if (build.frontend.empty()) {
    build.llb = "-";
    if (!build.options.empty()) co_return fail(wrong("--opt is for a frontend; name it with --frontend"), with);
  }
  auto building = buildctl::run_build(std::move(build), args->trace, args->metrics, with);
  co_return co_await std::move(building);
}

// du and prune

task<result<void>> tell_usage(control_ptr control, args_ptr args, const surroundings& with) {
  const result<bool> as_json = wants_json(args->format);
  if (as_json.has_error()) co_return as_json.error();
  std::vector<std::string> filters = args->filters;
  auto listing = client::list_cache(std::move(control), std::move(filters));
  result<std::vector<client::cache_record>> records = co_await std::move(listing);
  if (records.has_error()) co_return records.error();
  const bool sums = args->filters.empty();
  if (*as_json) with.answer(buildctl::usage_json(*records));
  else with.answer.text(args->verbose ? buildctl::usage_details(*records, sums) : buildctl::usage_text(*records, sums));
  co_return result<void>();
}

std::int64_t megabytes(double value) { return static_cast<std::int64_t>(value * 1e6); }

result<client::prune_request> request_of(const arguments& args) {
  client::prune_request request;
  request.filters = args.filters;
  request.all = args.all;
  request.max_used_space = megabytes(args.keep_storage);
  request.reserved_space = megabytes(args.keep_storage_min);
  request.min_free_space = megabytes(args.free_storage);
  if (args.keep_duration.empty()) return request;
  result<std::chrono::nanoseconds> keep = parse_duration("--keep-duration", args.keep_duration);
  if (keep.has_error()) return keep.error();
  request.keep_duration = *keep;
  return request;
}

task<result<void>> prune(control_ptr control, args_ptr args, const surroundings& with) {
  const result<bool> as_json = wants_json(args->format);
  if (as_json.has_error()) co_return as_json.error();
  result<client::prune_request> request = request_of(*args);
  if (request.has_error()) co_return request.error();
  std::int64_t total = 0;
  bool first = true;
  std::function<void(const client::cache_record&)> gone = [&](const client::cache_record& record) {
    total += record.size;
    if (*as_json) {
      with.answer(buildctl::record_json(record));
    } else if (args->verbose) {
      with.answer.text(buildctl::usage_details({record}, false));
    } else {
      if (std::exchange(first, false)) with.answer.text(buildctl::pruned_heading());
      with.answer.text(buildctl::pruned_text(record));
    }
  };
  auto pruning = client::prune_cache(std::move(control), std::move(*request), gone);
  result<void> done = co_await std::move(pruning);
  if (done.has_value() && !*as_json) with.answer.text(buildctl::pruned_total(total));
  co_return done;
}

// debug

task<result<void>> tell_workers(control_ptr control, args_ptr args, const surroundings& with) {
  const result<bool> as_json = wants_json(args->format);
  if (as_json.has_error()) co_return as_json.error();
  result<std::vector<client::worker>> workers = co_await client::list_workers(control);
  if (workers.has_error()) co_return workers.error();
  if (*as_json) with.answer(buildctl::workers_json(*workers));
  else with.answer.text(buildctl::workers_text(*workers));
  co_return result<void>();
}

task<result<void>> tell_info(control_ptr control, args_ptr args, const surroundings& with) {
  const result<bool> as_json = wants_json(args->format);
  if (as_json.has_error()) co_return as_json.error();
  const result<client::daemon_about> daemon = co_await client::ask_about(control);
  if (daemon.has_error()) co_return daemon.error();
  if (*as_json) with.answer(buildctl::info_json(*daemon));
  else with.answer.text(buildctl::info_text(*daemon));
  co_return result<void>();
}

task<int> on_history(args_ptr args, const surroundings& with, std::function<task<result<void>>(client::history&)> use) {
  result<std::shared_ptr<client::route>> way = co_await way_to(args, with);
  if (way.has_error()) co_return fail(way.error(), with);
  result<void> done = co_await client::history::open(*way, with.log, use);
  if (done.has_error()) co_return fail(done.error(), with);
  co_return exit_ok;
}

task<result<void>> tell_histories(client::history& daemon, const surroundings& with) {
  result<std::vector<client::history_record>> records = co_await daemon.list();
  if (records.has_error()) co_return records.error();
  with.answer.text(buildctl::histories_text(*records));
  co_return result<void>();
}

task<result<void>> remove_histories(client::history& daemon, const surroundings& with) {
  result<std::vector<client::history_record>> records = co_await daemon.list();
  if (records.has_error()) co_return records.error();
  std::vector<client::history_record> gone;
  for (const client::history_record& one : *records)
    if (one.completed && !one.pinned) gone.push_back(one);
  for (const client::history_record& one : gone) {
    result<void> removed = co_await daemon.remove(one.ref);
    if (removed.has_error()) co_return removed;
  }
  if (!gone.empty()) with.answer.text(buildctl::histories_text(gone));
  co_return result<void>();
}

task<int> dump_llb(args_ptr args, const surroundings& with) {
  result<void> done = co_await buildctl::dump_llb(args->about, with);
  co_return done.has_error() ? fail(done.error(), with) : static_cast<int>(exit_ok);
}

using about_builds = task<result<void>> (*)(client::history&, const buildctl::debug_args&, const surroundings&);

std::function<task<int>(args_ptr, const surroundings&)> about(about_builds use) {
  return [use](args_ptr args, const surroundings& with) {
    std::function<task<result<void>>(client::history&)> read = [use, args, &with](client::history& daemon) { return use(daemon, args->about, with); };
    return on_history(args, with, read);
  };
}

task<int> dial_stdio(args_ptr args, const surroundings& with) {
  result<std::shared_ptr<client::route>> way = co_await way_to(args, with);
  if (way.has_error()) co_return fail(way.error(), with);
  result<transport::stream_ptr> daemon = co_await (*way)->control();
  if (daemon.has_error()) co_return fail(daemon.error(), with);
  transport::standard_streams standard = co_await transport::open_standard_stream();
  result<void> done = co_await client::join_streams(*standard.both, **daemon);
  standard.both.reset();
  with.answer.note(*standard.write_error);
  if (done.has_error() && with.answer.error() == 0) co_return fail(done.error(), with);
  co_return exit_ok;
}

// The parser

void add_global_flags(CLI::App& app, arguments& args) {
  add_daemon_flags(app, args.daemon);
  app.add_flag("--debug", args.debug, "Taken; see -v");
  app.add_option("--timeout", args.timeout, "Taken; dialling has limits of its own")->type_name("SECONDS");
  app.add_flag("--wait", args.wait, "Taken; a daemon that starts is waited for");
  app.add_option("--log-format", args.log_format, "Taken")->type_name("FORMAT");
}

void add_build_flags_of_buildctl(CLI::App& app, arguments& args) {
  build_args& build = args.build;
  const auto list = [&app](const char* name, std::vector<std::string>& into, const char* about, const char* type) {
    return app.add_option(name, into, about)->type_name(type)->take_all()->allow_extra_args(false);
  };
  const std::string further = "Services and caches";
  list("-o,--output", args.outputs, "Where the result goes: type=image|local|tar|oci|docker,…", "FIELDS");
  app.add_option("--progress", build.progress, "auto, plain, tty, rawjson or quiet")->type_name("MODE");
  list("--local", build.locals, "A directory that the build may read", "NAME=DIR");
  app.add_option("--frontend", build.frontend, "Frontend of the daemon; without one a definition is read from standard input")->type_name("NAME");
  list("--opt", build.options, "Option of the frontend", "KEY=VALUE");
  app.add_flag("--no-cache", build.no_cache, "Run every step again");
  list("--export-cache", build.export_cache, "Write the cache there", "FIELDS")->group(further);
  list("--import-cache", build.import_cache, "Use a cache too", "FIELDS")->group(further);
  list("--registry-auth-tlscontext", build.registry_tls, "TLS with the token server of a registry: host=HOST,ca=FILE,cert=FILE,key=FILE,insecure=true", "FIELDS")
      ->group(further);
  list("--secret", build.secrets, "Secret for steps that mount it", "FIELDS")->group(further);
  list("--ssh", build.agents, "SSH agent for steps that mount it", "ID[=PATH]")->group(further);
  list("--oci-layout", build.oci_layouts, "OCI layout that a source reads", "ID=DIR")->group(further);
  list("--allow", build.allow, "What steps may do beyond the sandbox", "RIGHT")->group(further);
  app.add_option("--source-policy-file", build.source_policy, "Rules that replace or refuse sources, as JSON")->type_name("FILE")->group(further);
  app.add_option("--metadata-file", build.metadata_file, "Write what the exporter answered as JSON")->type_name("FILE");
  app.add_option("--trace", args.trace, "Append what the daemon reports as JSON")->type_name("FILE");
  app.add_option("--debug-json-cache-metrics", args.metrics, "Tell which steps were not cached: stdout, stderr or a file")->type_name("FILE")
      ->group(further);
  app.add_option("--ref-file", build.ref_file, "Write the build's reference")->type_name("FILE");
}

void add_record_flags(CLI::App& app, arguments& args) {
  app.add_option("-f,--filter", args.filters, "Only records that match")->type_name("FILTER")->take_all()->allow_extra_args(false);
  app.add_flag("--verbose", args.verbose, "All that is known of each");
  app.add_option("--format", args.format, "json")->type_name("FORMAT");
}

using runner = std::function<task<int>(args_ptr, const surroundings&)>;

struct command_entry {
  CLI::App* app;
  runner run;
};

template <class Use>
runner asking(Use use) {
  return [use](args_ptr args, const surroundings& with) {
    std::function<task<result<void>>(control_ptr)> ask = [use, args, &with](control_ptr control) { return use(std::move(control), args, with); };
    return on_daemon(args, with, ask);
  };
}

template <class Use>
runner reading(Use use) {
  return [use](args_ptr args, const surroundings& with) {
    std::function<task<result<void>>(client::history&)> read = [use, &with](client::history& daemon) { return use(daemon, with); };
    return on_history(args, with, read);
  };
}

}  // namespace

command add_buildctl_command(CLI::App& app) {
  command added;
  auto args = std::make_shared<arguments>();
  added.app = add_subcommand(app, "buildctl", "BuildKit's client: the same commands, flags and outputs");
  added.app->require_subcommand(1);
  added.app->footer("Example:\n"
                    "  ln -s \"$(command -v peelbox)\" /usr/local/bin/buildctl\n"
                    "  buildctl build --frontend dockerfile.v0 --local context=. --local dockerfile=.");
  add_global_flags(*added.app, *args);
  auto all = std::make_shared<std::vector<command_entry>>();
  const auto add = [&](CLI::App& parent, const char* name, const char* about, runner run) {
    CLI::App* const one = add_subcommand(parent, name, about);
    one->fallthrough();
    all->push_back({one, std::move(run)});
    return one;
  };
  CLI::App* const build = add(*added.app, "build", "Build", run_build);
  build->alias("b");
  add_build_flags_of_buildctl(*build, *args);
  add_record_flags(*add(*added.app, "du", "What the cache holds", asking(tell_usage)), *args);
  CLI::App* const pruning = add(*added.app, "prune", "Remove from the cache what no build uses", asking(prune));
  add_record_flags(*pruning, *args);
  pruning->add_flag("--all", args->all, "Internal records and images of frontends too");
  pruning->add_option("--keep-duration", args->keep_duration, "Keep what was used within this time")->type_name("TIME");
  pruning->add_option("--keep-storage", args->keep_storage, "Keep so much at most")->type_name("MB");
  pruning->add_option("--keep-storage-min", args->keep_storage_min, "Keep so much in any case")->type_name("MB");
  pruning->add_option("--free-storage", args->free_storage, "Remove until the disk has so much free")->type_name("MB");
  add(*added.app, "prune-histories", "Forget builds that have ended", reading(remove_histories));
  add(*added.app, "dial-stdio", "Connect standard input and output to the daemon", dial_stdio);
  CLI::App* const debug = add_subcommand(*added.app, "debug", "Tell about a daemon");
  debug->fallthrough();
  debug->require_subcommand(1);
  add_record_flags(*add(*debug, "workers", "List the workers", asking(tell_workers)), *args);
  add(*debug, "histories", "List the builds that the daemon remembers", reading(tell_histories));
  add(*debug, "info", "Tell the daemon's version", asking(tell_info))->add_option("--format", args->format, "json")->type_name("FORMAT");
  buildctl::debug_args& subject = args->about;
  CLI::App* const dump = add(*debug, "dump-llb", "Write a definition as JSON; needs no daemon", dump_llb);
  dump->add_option("FILE", subject.subject, "The definition; else standard input")->type_name("FILE");
  dump->add_flag("--dot", subject.dot, "Write it as a graph for Graphviz");
  CLI::App* const logs = add(*debug, "logs", "Show what a build printed", about(buildctl::show_logs));
  logs->add_option("REF", subject.subject, "The build")->type_name("REF");
  logs->add_option("--progress", subject.progress, "auto, plain, tty or rawjson")->type_name("MODE");
  logs->add_flag("--trace", subject.trace, "Its OpenTelemetry trace instead");
  CLI::App* const watching = add(*debug, "monitor", "Tell what happens to builds", about(buildctl::monitor));
  watching->add_flag("--completed", subject.completed, "Builds that have ended too");
  watching->add_option("--ref", subject.ref, "This build only")->type_name("REF");
  add(*debug, "get", "Write a blob of the daemon's content store", about(buildctl::get_blob))
      ->add_option("DIGEST", subject.subject, "The blob")->type_name("DIGEST");
  CLI::App* const ctl = add(*debug, "ctl", "Keep or forget the record of a build", about(buildctl::change_record));
  ctl->add_option("REF", subject.subject, "The build")->type_name("REF");
  ctl->add_flag("--pin", subject.pin, "Keep it");
  ctl->add_flag("--unpin", subject.unpin, "Let it be forgotten in time");
  ctl->add_flag("--delete", subject.remove, "Forget it now");
  added.run = [args, all](const surroundings& with) {
    for (const command_entry& one : *all)
      if (one.app->parsed()) return one.run(args, with);
    return all->front().run(args, with);
  };
  added.verbosity = [args] { return args->daemon.verbose; };
  return added;
}

}  // namespace peelbox::cli
