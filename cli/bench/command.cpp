// `peelbox bench`: how fast a daemon, or a client, is.
#include <CLI/App.hpp>
#include <fmt/format.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "cli/bench/measure.hpp"
#include "cli/bench/report_page.hpp"
#include "cli/bench/report_text.hpp"
#include "cli/bench/timed_run.hpp"
#include "cli/bench/trees.hpp"
#include "cli/cache_report.hpp"
#include "cli/choice.hpp"
#include "cli/command.hpp"
#include "cli/daemon_args.hpp"
#include "cli/exit_code.hpp"
#include "cli/subcommand.hpp"
#include "cli/summary.hpp"
#include "cli/time_text.hpp"
#include "cli/version.hpp"
#include "cli/wrong.hpp"
#include "engine/async/read_file.hpp"
#include "engine/client/inspect.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli {

namespace {

using namespace bench;

struct bench_args : daemon_args {
  std::vector<std::string> workloads;
  own_input own;
  std::optional<std::string> against;
  std::string client;
  unsigned runs = 7;
  std::uint64_t files = 10'000;
  std::string size = "256MiB";
  std::string round_trip = "20ms";
  std::uint64_t limit = 600;
  bool prune = false;
  std::string json;
  std::string html;
  std::string report;
  std::string compare;
  double threshold = 10;
};
using bench_args_ptr = std::shared_ptr<bench_args>;

int say_bench_failure(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  return to_exit_code(why.code);
}

std::string machine_text() {
  struct sysinfo memory {};
  ::sysinfo(&memory);
  utsname kernel{};
  ::uname(&kernel);
  return fmt::format("{} processors, {} of memory, {} {}", std::thread::hardware_concurrency(), human_bytes(std::uint64_t(memory.totalram) * memory.mem_unit),
                     kernel.sysname, kernel.release);
}

std::vector<std::string> tls_flags(const daemon_args& args) {
  std::vector<std::string> flags;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) flags.insert(flags.end(), {name, value});
  };
  add("--tlsdir", args.tls_dir);
  add("--tlscacert", args.tls.ca.path());
  add("--tlscert", args.tls.certificate.path());
  add("--tlskey", args.tls.key.path());
  add("--tlsservername", args.tls.server_name);
  return flags;
}

client_program this_program() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  return {error ? "peelbox" : path.string(), grammar::peelbox, "peelbox"};
}

/// Files with results and with inputs that are wrong are known before anything is measured.
result<std::vector<workload>> chosen_workloads(const bench_args& args) {
  const int brought = int(!args.own.spec.empty()) + int(!args.own.dockerfile.empty()) + int(!args.own.llb.empty());
  if (brought > 1) return wrong("--spec, --file and --llb are three ways to say what is built: use one of them");
  const result<std::int64_t> large = parse_space("--size", args.size);
  if (large.has_error()) return large.error();
  if (*large < 1) return wrong("--size: expected more than nothing");
  const sizes size{args.files, std::uint64_t(*large)};
  std::vector<std::string> names = args.workloads;
  if (names.empty() && brought == 0) names = default_workloads();
  std::vector<workload> chosen;
  for (const std::string& name : names) {
    result<workload> made = make_workload(name, size);
    if (made.has_error()) return made.error();
    chosen.push_back(std::move(*made));
  }
  if (brought == 0) return chosen;
  workload own;
  own.name = own_name;
  own.kind = task_kind::own;
  own.what = !args.own.spec.empty() ? args.own.spec : !args.own.dockerfile.empty() ? args.own.dockerfile : args.own.llb;
  own.what += " with " + args.own.context + ", built again and again";
  chosen.insert(chosen.begin(), std::move(own));
  return chosen;
}

/// What a daemon says of itself, and the address that clients are given.
task<result<participant>> participant_on(std::optional<std::string> address, client_program client, std::string version, bench_args_ptr args,
                                         const surroundings& with) {
  result<transport::tls_options> tls = choose_tls(args->tls, args->tls_dir);
  if (tls.has_error()) co_return tls.error();
  transport::dial_options dial;
  with.reach_pods(dial);
  dial.tls = *tls;
  auto finding = client::find_daemon(std::move(address), with.env, dial, with.log);
  result<client::found_daemon> found = co_await std::move(finding);
  if (found.has_error()) co_return found.error();
  auto asking = client::inspect_daemon(found->way, with.log);
  const result<client::daemon_report> told = co_await std::move(asking);
  if (told.has_error()) co_return told.error();
  if (told->refused) co_return *told->refused;
  participant one;
  one.client = client;
  one.address = found->way->address();
  one.way = found->way;
  one.shown = {client.name, std::move(version), one.address.text, told->version.text};
  co_return one;
}

/// The first line that `PROGRAM --version` prints.
task<result<std::string>> version_of(client_program client, std::string scratch) {
  std::vector<command_line> commands{command_line{{client.path, "--version"}, {}}};
  auto asking = timed_run(std::move(commands), scratch + "/version", std::chrono::seconds(20));
  const result<run_cost> ran = co_await std::move(asking);
  if (ran.has_error()) co_return ran.error().in("--client");
  const std::string file = scratch + "/version-0";
  result<std::string> text = read_file(file, file, 1 << 16);
  if (text.has_error()) co_return text.error();
  co_return text->substr(0, text->find('\n'));
}

task<result<plan>> make_plan(bench_args_ptr args, std::string scratch, const surroundings& with) {
  plan made;
  made.scratch = std::move(scratch);
  made.own = args->own;
  made.runs = args->runs;
  made.limit = std::chrono::seconds(args->limit);
  made.tls = tls_flags(*args);
  made.prune = args->prune;
  const result<std::chrono::nanoseconds> round_trip = parse_duration("--rtt", args->round_trip);
  if (round_trip.has_error()) co_return round_trip.error();
  made.round_trip = std::chrono::duration_cast<std::chrono::milliseconds>(*round_trip);
  if (made.round_trip.count() < 1 || made.round_trip > std::chrono::seconds(10)) co_return wrong("--rtt: expected a time from 1ms to 10s");
  result<std::vector<workload>> workloads = chosen_workloads(*args);
  if (workloads.has_error()) co_return workloads.error();
  made.workloads = std::move(*workloads);
  const client_program ours = this_program();
  auto first = participant_on(args->buildkit, ours, version_text(), args, with);
  result<participant> one = co_await std::move(first);
  if (one.has_error()) co_return one.error();
  made.sides.push_back(std::move(*one));
  if (args->client.empty() && !args->against) co_return made;
  client_program other = ours;
  std::string version = version_text();
  if (!args->client.empty()) {
    const result<client_program> named = client_named(args->client);
    if (named.has_error()) co_return named.error();
    other = *named;
    auto asking = version_of(other, made.scratch);
    result<std::string> told = co_await std::move(asking);
    if (told.has_error()) co_return told.error();
    version = std::move(*told);
  }
  if (!made.own.spec.empty()) {
    const result<command_line> possible = own_command(other, made.own, "", {});
    if (possible.has_error()) co_return possible.error();
  }
  auto second = participant_on(args->against ? args->against : std::optional(made.sides[0].address.text), other, version, args, with);
  result<participant> two = co_await std::move(second);
  if (two.has_error()) co_return two.error();
  made.sides.push_back(std::move(*two));
  if (made.sides[0].shown.name == made.sides[1].shown.name)
    for (std::size_t i = 0; i < 2; ++i)
      made.sides[i].shown.name += args->against ? " on " + made.sides[i].shown.address : i == 0 ? " (this)" : " (" + args->client + ")";
  co_return made;
}

result<report> read_report(const std::string& name) {
  const result<std::string> text = read_file(name, name, 64 << 20);
  if (text.has_error()) return text.error();
  return parse_report(*text, name);
}

/// Opened before the first run, so that a wrong name does not cost an hour.
struct results {
  std::unique_ptr<session::output_file> json;
  std::unique_ptr<session::output_file> html;
};

result<results> open_results(const bench_args& args) {
  results opened;
  for (const auto& [name, into] : {std::pair{&args.json, &opened.json}, std::pair{&args.html, &opened.html}}) {
    if (name->empty()) continue;
    result<std::unique_ptr<session::output_file>> file = session::output_file::create(*name);
    if (file.has_error()) return file.error();
    *into = std::move(*file);
  }
  return opened;
}

result<void> fill(session::output_file& file, std::string_view text) {
  result<void> done = file.write(text);
  if (done.has_error()) return done;
  return file.commit();
}

/// Files and the comparison. Whether something became worse.
result<bool> conclude(const bench_args& args, const report& all, const std::optional<report>& before, results& into, const surroundings& with) {
  const double threshold = args.threshold / 100;
  std::optional<comparison> compared;
  bool worse = false;
  if (before) {
    compared = bench::compare(all, *before, threshold);
    for (const std::string& line : comparison_lines(*compared, threshold)) with.answer(line);
    for (const change& one : compared->changes) worse = worse || one.regression;
  }
  if (into.json)
    if (result<void> done = fill(*into.json, report_json(all)); done.has_error()) return done.error();
  if (into.html)
    if (result<void> done = fill(*into.html, report_page(all, compared, threshold)); done.has_error()) return done.error();
  return worse;
}

task<int> run_bench(bench_args_ptr args, const surroundings& with) {
  std::optional<report> before;
  if (!args->compare.empty()) {
    result<report> read = read_report(args->compare);
    if (read.has_error()) co_return say_bench_failure(read.error(), with);
    before = std::move(*read);
  }
  result<results> into = open_results(*args);
  if (into.has_error()) co_return say_bench_failure(into.error(), with);
  report all;
  std::optional<failure> failed;
  if (!args->report.empty()) {
    result<report> read = read_report(args->report);
    if (read.has_error()) co_return say_bench_failure(read.error(), with);
    all = std::move(*read);
    for (const std::string& line : heading_lines(all)) with.answer(line);
    for (const measured& work : all.workloads)
      for (const std::string& line : workload_lines(all, work)) with.answer(line);
  } else {
    const std::optional<std::string> temporary = with.env("TMPDIR");
    const result<scratch_directory> scratch = scratch_directory::make(temporary && !temporary->empty() ? *temporary : "/tmp");
    if (scratch.has_error()) co_return say_bench_failure(scratch.error(), with);
    auto planning = make_plan(args, scratch->path(), with);
    result<plan> planned = co_await std::move(planning);
    if (planned.has_error()) co_return say_bench_failure(planned.error(), with);
    all.made = utc_time(time_now());
    all.machine = machine_text();
    all.pairs = planned->runs;
    all.round_trip_ms = unsigned(planned->round_trip.count());
    for (const participant& one : planned->sides) all.sides.push_back(one.shown);
    for (const std::string& line : heading_lines(all)) with.answer(line);
    listener tell;
    tell.begins = [&with](const workload& work) { with.say(fmt::format("measuring {} …", work.name)); };
    tell.ended = [&with](const report& so_far, const measured& work) {
      for (const std::string& line : workload_lines(so_far, work)) with.answer(line);
    };
    auto measuring = measure(std::move(*planned), all, tell, with.pool, with.log);
    result<void> done = co_await std::move(measuring);
    if (done.has_error()) failed = done.error();
  }
  const result<bool> worse = conclude(*args, all, before, *into, with);
  if (worse.has_error()) co_return say_bench_failure(worse.error(), with);
  if (failed) co_return say_bench_failure(*failed, with);
  co_return *worse ? exit_build_failed : exit_ok;
}

}  // namespace

command add_bench_command(CLI::App& app) {
  command added;
  added.app = add_subcommand(app, "bench", "Measure how fast a daemon or a client is");
  added.app->footer(
      "Examples:\n"
      "  peelbox bench unchanged trivial --client buildctl\n"
      "  peelbox bench --against tcp://other:1234 --html report.html\n"
      "  peelbox bench -f Dockerfile --json new.json --compare old.json");
  added.interrupted = "error: the benchmark was interrupted";
  auto args = std::make_shared<bench_args>();
  CLI::App& bench = *added.app;
  const char* const sizes_group = "Workloads";
  const char* const reports_group = "Reports";
  bench.add_option("WORKLOAD", args->workloads, "trivial, unchanged, changed, small-files, large-file, export, parallel-N or round-trip; else all");
  bench.add_option("-f,--file", args->own.dockerfile, "Measure builds of this Dockerfile")->type_name("FILE");
  bench.add_option("--spec", args->own.spec, "Measure builds of this UniversalBuild spec")->type_name("FILE")->group(sizes_group);
  bench.add_option("--llb", args->own.llb, "Measure builds of this LLB definition, whose local source is called context")->type_name("FILE")->group(sizes_group);
  bench.add_option("--context", args->own.context, "Directory with the sources of --file, --spec or --llb (default .)")->type_name("DIR")->group(sizes_group);
  bench.add_option("--client", args->client, "Measure a buildctl, or another peelbox, beside this one")->type_name("PROGRAM");
  bench.add_option("--against", args->against, "Measure this daemon beside the first one")->type_name("ADDR");
  bench.add_option("--runs", args->runs, "Runs of each workload that count (default 7)")->type_name("N")->check(number_from(1, 1000));
  bench.add_option("--files", args->files, "Files of the workloads with many (default 10000)")->type_name("N")->check(number_from(1, 10'000'000))->group(sizes_group);
  bench.add_option("--size", args->size, "Size of the workloads with one large file (default 256MiB)")->type_name("SIZE")->group(sizes_group);
  bench.add_option("--rtt", args->round_trip, "Round trip of the workload round-trip (default 20ms)")->type_name("TIME")->group(sizes_group);
  bench.add_option("--limit", args->limit, "Give up a run after so many seconds (default 600)")->type_name("SECONDS")->check(number_from(1, 86400))->group(sizes_group);
  bench.add_flag("--prune", args->prune, "Make the daemon forget all contexts after each first transfer, so that its disk stays free")->group(sizes_group);
  bench.add_option("--json", args->json, "Write all runs and what follows from them")->type_name("FILE");
  bench.add_option("--html", args->html, "Write a page with plots, which needs nothing else")->type_name("FILE");
  bench.add_option("--compare", args->compare, "Compare with an older --json report; 1 if slower")->type_name("FILE");
  bench.add_option("--threshold", args->threshold, "What --compare calls slower, in percent (default 10)")->type_name("PERCENT")->check(number_from(0, 1000))->group(reports_group);
  bench.add_option("--report", args->report, "Measure nothing, take this --json report")->type_name("FILE")->group(reports_group);
  add_daemon_flags(bench, *args);
  added.run = [args](const surroundings& with) { return run_bench(args, with); };
  added.verbosity = [args] { return args->verbose; };
  return added;
}

}  // namespace peelbox::cli
