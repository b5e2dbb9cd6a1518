// `peelbox du` and `peelbox prune`: what a daemon keeps from builds.
#include <CLI/App.hpp>

#include <memory>

#include "cli/cache_report.hpp"
#include "cli/command.hpp"
#include "cli/daemon_args.hpp"
#include "cli/exit_code.hpp"
#include "cli/subcommand.hpp"
#include "cli/summary.hpp"
#include "cli/time_text.hpp"
#include "engine/client/cache.hpp"

namespace peelbox::cli {

namespace {

struct cache_args : daemon_args {
  std::vector<std::string> filters;
  bool as_json = false;
  // prune
  bool all = false;
  std::string keep_duration;
  std::string reserved_space;
  std::string max_used_space;
  std::string min_free_space;
};
using cache_args_ptr = std::shared_ptr<cache_args>;
using control_ptr = std::shared_ptr<h2grpc::connection>;

int say_cache_failure(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  return to_exit_code(why.code);
}

/// Finds the daemon and runs `use` on it. Says what went wrong.
task<int> with_cache(cache_args_ptr args, const surroundings& with, std::function<task<result<void>>(control_ptr)> use) {
  result<transport::tls_options> tls = choose_tls(args->tls, args->tls_dir);
  if (tls.has_error()) co_return say_cache_failure(tls.error(), with);
  transport::dial_options dial;
  with.reach_pods(dial);
  dial.tls = *tls;
  result<client::found_daemon> found = co_await client::find_daemon(args->buildkit, with.env, dial, with.log);
  if (found.has_error()) co_return say_cache_failure(found.error(), with);
  result<void> done = co_await client::with_daemon(found->way, with.log, use);
  if (done.has_error()) co_return say_cache_failure(done.error(), with);
  co_return exit_ok;
}

task<result<void>> tell_cache_usage(control_ptr control, cache_args_ptr args, const surroundings& with) {
  std::vector<std::string> filters = args->filters;
  auto listing = client::list_cache(std::move(control), std::move(filters));
  result<std::vector<client::cache_record>> records = co_await std::move(listing);
  if (records.has_error()) co_return records.error();
  if (args->as_json) {
    std::string list = "[";
    for (const client::cache_record& one : *records) list += (list.size() > 1 ? ",\n" : "") + cache_json(one);
    with.answer(list + "]");
  } else {
    for (const std::string& line : cache_table(*records, time_now())) with.answer(line);
  }
  co_return result<void>();
}

task<int> run_du(cache_args_ptr args, const surroundings& with) {
  std::function<task<result<void>>(control_ptr)> use = [args, &with](control_ptr control) { return tell_cache_usage(std::move(control), args, with); };
  co_return co_await with_cache(args, with, use);
}

result<client::prune_request> request_of(const cache_args& args) {
  client::prune_request request;
  request.filters = args.filters;
  request.all = args.all;
  if (!args.keep_duration.empty()) {
    result<std::chrono::nanoseconds> keep = parse_duration("--keep-duration", args.keep_duration);
    if (keep.has_error()) return keep.error();
    request.keep_duration = *keep;
  }
  struct space {
    const char* flag;
    const std::string& text;
    std::int64_t& into;
  };
  for (const space& one : {space{"--reserved-space", args.reserved_space, request.reserved_space},
                           space{"--max-used-space", args.max_used_space, request.max_used_space},
                           space{"--min-free-space", args.min_free_space, request.min_free_space}}) {
    if (one.text.empty()) continue;
    result<std::int64_t> bytes = parse_space(one.flag, one.text);
    if (bytes.has_error()) return bytes.error();
    one.into = *bytes;
  }
  return request;
}

task<result<void>> prune_cache(control_ptr control, cache_args_ptr args, client::prune_request request, const surroundings& with) {
  std::int64_t total = 0;
  std::function<void(const client::cache_record&)> gone = [&](const client::cache_record& record) {
    total += record.size;
    with.answer(args->as_json ? cache_json(record) : pruned_line(record));
  };
  auto pruning = client::prune_cache(std::move(control), std::move(request), gone);
  result<void> done = co_await std::move(pruning);
  if (done.has_error()) co_return done;
  if (!args->as_json) with.answer("total  " + human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(total, 0))));
  co_return done;
}

task<int> run_prune(cache_args_ptr args, const surroundings& with) {
  result<client::prune_request> request = request_of(*args);
  if (request.has_error()) co_return say_cache_failure(request.error(), with);
  std::function<task<result<void>>(control_ptr)> use = [args, &with, request = *request](control_ptr control) {
    return prune_cache(std::move(control), args, request, with);
  };
  co_return co_await with_cache(args, with, use);
}

cache_args_ptr add_common_flags(CLI::App& app) {
  auto args = std::make_shared<cache_args>();
  app.add_option("-f,--filter", args->filters, "Only records that match, such as type==exec.cachemount, description~=apt or inuse==false. "
                 "May be repeated; one has to match")
      ->type_name("FILTER")->take_all()->allow_extra_args(false);
  app.add_flag("--json", args->as_json, "As JSON");
  add_daemon_flags(app, *args);
  return args;
}

}  // namespace

command add_du_command(CLI::App& app) {
  command added;
  added.app = add_subcommand(app, "du", "Tell what a daemon's cache holds");
  added.app->footer("Examples:\n  peelbox du\n  peelbox du --filter type==exec.cachemount --json");
  auto args = add_common_flags(*added.app);
  added.run = [args](const surroundings& with) { return run_du(args, with); };
  added.verbosity = [args] { return args->verbose; };
  return added;
}

command add_prune_command(CLI::App& app) {
  command added;
  added.app = add_subcommand(app, "prune", "Remove from a daemon's cache what no build uses");
  added.app->footer("Examples:\n  peelbox prune --keep-duration 48h\n  peelbox prune --max-used-space 20GB\n  peelbox prune --all");
  auto args = add_common_flags(*added.app);
  added.app->add_flag("-a,--all", args->all, "Internal records and images of frontends too");
  added.app->add_option("--keep-duration", args->keep_duration, "Keep what was used within this time, as in 48h or 7d")->type_name("TIME");
  added.app->add_option("--reserved-space", args->reserved_space, "Keep so much in any case, as in 10GB")->type_name("SIZE");
  added.app->add_option("--max-used-space", args->max_used_space, "Keep so much at most")->type_name("SIZE");
  added.app->add_option("--min-free-space", args->min_free_space, "Remove until the daemon's disk has so much free")->type_name("SIZE");
  added.run = [args](const surroundings& with) { return run_prune(args, with); };
  added.verbosity = [args] { return args->verbose; };
  return added;
}

}  // namespace peelbox::cli
