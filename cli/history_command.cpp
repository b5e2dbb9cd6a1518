// `peelbox history` and `peelbox attach`: the builds of a daemon, whoever started them.
#include <CLI/App.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <memory>

#include "cli/choice.hpp"
#include "cli/command.hpp"
#include "cli/daemon_args.hpp"
#include "cli/display_environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/history_report.hpp"
#include "cli/subcommand.hpp"
#include "cli/time_text.hpp"
#include "engine/async/task_group.hpp"
#include "engine/client/history.hpp"
#include "engine/client/process_message.hpp"
#include "engine/progress/display.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

namespace {

using client::history;
using client::history_record;

/// How long to wait for the record of a build after its last event.
constexpr std::chrono::seconds record_patience{15};

struct history_args : daemon_args {
  std::vector<std::string> refs;
  bool as_json = false;
  bool all = false;
  unsigned limit = 0;  ///< 0: none
  std::string progress = "auto";
};
using history_args_ptr = std::shared_ptr<const history_args>;

/// Connects and runs `use`. Says what went wrong; if nothing did, the exit code is that of `use`.
task<int> with_history(history_args_ptr args, const surroundings& with, std::function<task<result<int>>(history&)> use) {
  result<transport::tls_options> tls = choose_tls(args->tls, args->tls_dir);
  transport::dial_options dial;
  with.reach_pods(dial);
  result<void> done;
  int code = exit_ok;
  if (tls.has_error()) {
    done = tls.error();
  } else {
    dial.tls = *tls;
    result<client::found_daemon> found = co_await client::find_daemon(args->buildkit, with.env, dial, with.log);
    if (found.has_error()) {
      done = found.error();
    } else {
      std::function<task<result<void>>(history&)> body = [&](history& daemon) -> task<result<void>> {
        result<int> gave = co_await use(daemon);
        if (gave.has_error()) co_return gave.error();
        code = *gave;
        co_return result<void>();
      };
      done = co_await history::open(found->way, with.log, body);
    }
  }
  if (done.has_error()) {
    with.say("error: " + done.error().text);
    co_return to_exit_code(done.error().code);
  }
  co_return code;
}

task<int> run_history_list(history_args_ptr args, const surroundings& with) {
  co_return co_await with_history(args, with, [&](history& daemon) -> task<result<int>> {
    result<std::vector<history_record>> all = co_await daemon.list();
    if (all.has_error()) co_return all.error();
    if (args->limit > 0 && all->size() > args->limit) all->resize(args->limit);
    if (args->as_json) {
      std::string list = "[";
      for (const history_record& one : *all) list += (list.size() > 1 ? ",\n" : "") + history_json(one);
      with.answer(list + "]");
    } else {
      for (const std::string& line : history_table(*all, time_now())) with.answer(line);
    }
    co_return exit_ok;
  });
}

task<int> run_history_inspect(history_args_ptr args, const surroundings& with) {
  co_return co_await with_history(args, with, [&](history& daemon) -> task<result<int>> {
    result<std::vector<history_record>> all = co_await daemon.list();
    if (all.has_error()) co_return all.error();
    result<history_record> one = client::find_record(*all, args->refs.front());
    if (one.has_error()) co_return one.error();
    if (args->as_json) with.answer(history_json(*one));
    else
      for (const std::string& line : history_details(*one, time_now())) with.answer(line);
    co_return exit_ok;
  });
}

task<int> run_remove(history_args_ptr args, const surroundings& with) {
  if (args->all == !args->refs.empty()) {
    with.say(args->all ? "error: --all and REF exclude each other" : "error: name builds, or use --all");
    co_return exit_usage;
  }
  co_return co_await with_history(args, with, [&](history& daemon) -> task<result<int>> {
    result<std::vector<history_record>> known = co_await daemon.list();
    if (known.has_error()) co_return known.error();
    std::vector<history_record> gone;
    if (args->all) {
      for (const history_record& one : *known)
        if (one.completed && !one.pinned) gone.push_back(one);
    }
    for (const std::string& ref : args->refs) {
      result<history_record> one = client::find_record(*known, ref);
      if (one.has_error()) co_return one.error();
      if (!one->completed)
        co_return failure(errc::usage, fmt::format("build {} is running; only builds that have ended can be removed", one->ref),
                          origin::user);
      gone.push_back(*one);
    }
    for (const history_record& one : gone) {
      result<void> removed = co_await daemon.remove(one.ref);
      if (removed.has_error()) co_return removed.error();
      with.answer(progress::sanitize_line(one.ref));
    }
    co_return exit_ok;
  });
}

/// Shows one build until it ends.
task<result<void>> show_record(history& daemon, std::string ref, progress::display& display) {
  co_return co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn([](progress::display& d) -> task<result<void>> {
      co_await d.run();
      co_return result<void>();
    }(display));
    co_return co_await daemon.follow(std::move(ref), display);
  });
}

result<std::unique_ptr<progress::display>> make_display(const history_args& args, const surroundings& with, int fd) {
  result<progress::mode> mode = progress::parse_mode(args.progress);
  if (mode.has_error()) return mode.error().in("--progress");
  progress::display_options options;
  options.how = *mode;
  options.readable = client::readable_message;
  options.fd = fd;
  for (const std::string& ignored : use_display_environment(options, with.env)) with.say("warning: " + ignored);
  return progress::display::make(options);
}

task<int> run_logs(history_args_ptr args, const surroundings& with) {
  co_return co_await with_history(args, with, [&](history& daemon) -> task<result<int>> {
    result<std::vector<history_record>> all = co_await daemon.list();
    if (all.has_error()) co_return all.error();
    result<history_record> one = client::find_record(*all, args->refs.empty() ? "latest" : args->refs.front());
    if (one.has_error()) co_return one.error();
    // The log was asked for, so it goes to standard output.
    auto display = make_display(*args, with, STDOUT_FILENO);
    if (display.has_error()) co_return display.error();
    result<void> shown = co_await show_record(daemon, one->ref, **display);
    with.answer.note((*display)->write_error());
    if (shown.has_error()) co_return shown.error();
    co_return exit_ok;
  });
}

result<history_record> record_to_attach(const std::vector<history_record>& all, const std::vector<std::string>& refs) {
  if (!refs.empty()) return client::find_record(all, refs.front());
  std::vector<history_record> running;
  for (const history_record& one : all)
    if (!one.completed) running.push_back(one);
  if (running.size() == 1) return running.front();
  if (running.empty())
    return failure(errc::usage, "no build is running; `peelbox history logs REF` shows one that has ended", origin::user);
  std::string refs_text;
  for (const history_record& one : running) refs_text += (refs_text.empty() ? "" : ", ") + one.ref;
  return failure(errc::usage, "several builds are running; name one of " + refs_text, origin::user);
}

task<int> run_attach(history_args_ptr args, const surroundings& with) {
  co_return co_await with_history(args, with, [&](history& daemon) -> task<result<int>> {
    result<std::vector<history_record>> all = co_await daemon.list();
    if (all.has_error()) co_return all.error();
    result<history_record> one = record_to_attach(*all, args->refs);
    if (one.has_error()) co_return one.error();
    const bool is_answer = args->progress == "rawjson";
    auto display = make_display(*args, with, is_answer ? STDOUT_FILENO : STDERR_FILENO);
    if (display.has_error()) co_return display.error();
    result<void> shown = co_await show_record(daemon, one->ref, **display);
    if (is_answer) with.answer.note((*display)->write_error());
    if (shown.has_error()) co_return shown.error();
    result<history_record> record = co_await daemon.ended(one->ref, record_patience);
    if (record.has_error()) co_return record.error();
    if (args->as_json) with.answer(history_json(*record));
    const std::string text = fmt::format("build {} {}", record->ref, to_string(record->state()));
    with.say(record->error ? "error: " + text + ": " + record->error->message : text);
    co_return record->error ? exit_build_failed : exit_ok;
  });
}

using history_runner = task<int> (*)(history_args_ptr, const surroundings&);

struct subcommand {
  CLI::App* app;
  std::shared_ptr<history_args> args = std::make_shared<history_args>();
  history_runner run;

  subcommand(CLI::App& parent, const char* name, const char* about, const char* examples, history_runner r)
      : app(add_subcommand(parent, name, about)), run(r) {
    app->footer(examples);
    add_daemon_flags(*app, *args);
  }
  void json() { app->add_flag("--json", args->as_json, "JSON on standard output"); }
  CLI::Option* refs(const char* about, int most) {
    return app->add_option("REF", args->refs, about)->expected(0, most);
  }
  void progress() {
    app->add_option("--progress", args->progress, "How it is shown")->type_name("MODE")
        ->check(one_of({"auto", "plain", "tty", "rawjson", "quiet"}));
  }
};

constexpr int any_number_of_records = 1000;

}  // namespace

command add_history_command(CLI::App& app) {
  command added;
  added.app = add_subcommand(app, "history", "List, show and delete the builds that a daemon remembers");
  added.app->require_subcommand(1);
  added.app->footer(
      "Examples:\n"
      "  peelbox history ls\n"
      "  peelbox history logs latest\n"
      "A REF may be shortened to its first characters; latest is the newest build.");
  std::vector<subcommand> all;
  all.emplace_back(*added.app, "ls", "List running builds and those that have ended",
                   "Examples:\n  peelbox history ls\n  peelbox history ls --json --buildkit tcp://builder:1234\n"
                   "  peelbox history ls --limit 10", run_history_list);
  all.back().json();
  all.back().app->add_option("--limit", all.back().args->limit, "Only so many, the newest ones")->type_name("N")
      ->check(number_from(1, 100'000));
  all.emplace_back(*added.app, "logs", "Print what a build printed, also one that is running",
                   "Examples:\n  peelbox history logs\n  peelbox history logs kx8 --progress rawjson > events.json", run_logs);
  all.back().refs("The build; the newest one when it is left out", 1);
  all.back().progress();
  all.emplace_back(*added.app, "inspect", "Tell everything that is known of a build",
                   "Examples:\n  peelbox history inspect latest\n  peelbox history inspect kx8 --json", run_history_inspect);
  all.back().refs("The build", 1)->required()->expected(1);
  all.back().json();
  all.emplace_back(*added.app, "rm", "Forget builds that have ended; their cache stays",
                   "Examples:\n  peelbox history rm kx8 p1f\n  peelbox history rm --all", run_remove);
  all.back().refs("The builds", any_number_of_records);
  all.back().app->add_flag("--all", all.back().args->all, "All that have ended and are not pinned");
  added.run = [all](const surroundings& with) {
    for (const subcommand& one : all)
      if (one.app->parsed()) return one.run(one.args, with);
    return all.front().run(all.front().args, with);
  };
  added.verbosity = [all] {
    int most = 0;
    for (const subcommand& one : all) most = std::max(most, one.args->verbose);
    return most;
  };
  return added;
}

command add_attach_command(CLI::App& app) {
  subcommand attach(app, "attach", "Follow a build that somebody else started",
                    "Examples:\n"
                    "  peelbox attach                  # the one build that is running\n"
                    "  peelbox attach kx8 --progress plain\n"
                    "The exit code is the build's. Ctrl-C leaves; the build goes on.",
                    run_attach);
  attach.refs("The build; may be left out when only one is running", 1);
  attach.progress();
  attach.app->add_flag("--json", attach.args->as_json, "At the end, the build's record as JSON on standard output");
  command added;
  added.app = attach.app;
  added.run = [attach](const surroundings& with) { return attach.run(attach.args, with); };
  added.verbosity = [attach] { return attach.args->verbose; };
  added.interrupted = "left; the build goes on";
  return added;
}

}  // namespace peelbox::cli
