// `peelbox info`, `peelbox workers` and `peelbox dial-stdio`: what is there, without building.
#include <CLI/App.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "cli/command.hpp"
#include "cli/daemon_args.hpp"
#include "cli/exit_code.hpp"
#include "cli/subcommand.hpp"
#include "engine/client/inspect.hpp"
#include "engine/progress/sanitize.hpp"
#include "transport/standard_stream.hpp"

namespace peelbox::cli {

namespace {

namespace json = boost::json;

struct info_args : daemon_args {
  bool as_json = false;
};

int say_daemon_failure(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  // For a health check, every cause means that the daemon cannot be reached.
  const exit_code code = to_exit_code(why.code);
  return code == exit_context || code == exit_build_failed ? exit_connection : code;
}

task<result<client::found_daemon>> find_named_daemon(const daemon_args& args, const surroundings& with) {
  result<transport::tls_options> tls = choose_tls(args.tls, args.tls_dir);
  if (tls.has_error()) co_return tls.error();
  transport::dial_options dial;
  with.reach_pods(dial);
  dial.tls = *tls;
  result<client::found_daemon> found = co_await client::find_daemon(args.buildkit, with.env, dial, with.log);
  co_return found;
}

std::string shown_version(const client::daemon_report& report) {
  if (!report.version.has_info) return "older than v0.11";
  return report.version.text.empty() ? "unknown" : report.version.text;
}

json::array list(const std::vector<std::string>& all) {
  json::array out;
  for (const std::string& one : all) out.emplace_back(one);
  return out;
}

json::array workers_json(const std::vector<client::worker>& workers) {
  json::array all;
  for (const client::worker& w : workers) {
    json::object labels;
    for (const auto& [key, value] : w.labels) labels[key] = value;
    all.push_back(json::object{
        {"id", w.id}, {"version", w.version}, {"platforms", list(w.platforms)}, {"labels", std::move(labels)}});
  }
  return all;
}

std::string report_json(const client::daemon_report& report, const client::found_daemon& found) {
  json::object root{{"address", found.way->address().text},
                    {"reached", report.name},
                    {"source", found.source},
                    {"healthy", !report.refused},
                    {"version", shown_version(report)},
                    {"outputs", list(report.outputs)},
                    {"attestations", report.attestations},
                    {"workers", workers_json(report.workers)}};
  if (report.refused) root["reason"] = report.refused->text;
  if (report.engine)
    root["docker"] = json::object{
        {"version", report.engine->version},
        {"apiVersion", report.engine->api_version},
        {"imageStore", report.engine_info && report.engine_info->containerd_store ? "containerd" : "graph driver"},
        {"storageDriver", report.engine_info ? report.engine_info->storage_driver : ""}};
  json::array tried;
  for (const client::attempt& one : found.tried)
    tried.push_back(json::object{{"address", one.what.address}, {"source", one.what.source}, {"reason", one.reason}});
  root["tried"] = std::move(tried);
  return json::serialize(root);
}

void answer_text(const client::daemon_report& report, const client::found_daemon& found, const surroundings& with) {
  const auto line = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) with.answer(progress::sanitize(fmt::format("{:<12} {}", key, value)));
  };
  line("daemon", report.name);
  line("chosen by", found.source);
  for (const client::attempt& one : found.tried) line("not", one.what.address + ": " + one.reason);
  line("buildkit", shown_version(report));
  if (report.engine) {
    line("docker", report.engine->version + " (API " + report.engine->api_version + ")");
    if (report.engine_info)
      line("image store", (report.engine_info->containerd_store ? "containerd, " : "graph driver, ") +
                              report.engine_info->storage_driver);
  }
  for (const client::worker& w : report.workers) {
    line("worker", w.id);
    line("platforms", fmt::format("{}", fmt::join(w.platforms, ", ")));
  }
  line("outputs", fmt::format("{}", fmt::join(report.outputs, ", ")));
  line("attestations", report.attestations ? "yes" : "no");
  line("health", report.refused ? "refused" : "ok");
}

task<int> run_info(std::shared_ptr<const info_args> args, const surroundings& with) {
  result<client::found_daemon> found = co_await find_named_daemon(*args, with);
  if (found.has_error()) {
    if (args->as_json) with.answer(json::serialize(json::object{{"healthy", false}, {"reason", found.error().text}}));
    co_return say_daemon_failure(found.error(), with);
  }
  result<client::daemon_report> report = co_await client::inspect_daemon(found->way, with.log);
  if (report.has_error()) {
    if (args->as_json)
      with.answer(json::serialize(json::object{
          {"address", found->way->address().text}, {"healthy", false}, {"reason", report.error().text}}));
    co_return say_daemon_failure(report.error(), with);
  }
  if (args->as_json) with.answer(report_json(*report, *found));
  else answer_text(*report, *found, with);
  if (report->refused) co_return say_daemon_failure(*report->refused, with);
  co_return exit_ok;
}

task<int> run_workers(std::shared_ptr<const info_args> args, const surroundings& with) {
  result<client::found_daemon> found = co_await find_named_daemon(*args, with);
  if (found.has_error()) co_return say_daemon_failure(found.error(), with);
  result<client::daemon_report> report = co_await client::inspect_daemon(found->way, with.log);
  if (report.has_error()) co_return say_daemon_failure(report.error(), with);
  if (args->as_json) {
    with.answer(json::serialize(workers_json(report->workers)));
    co_return exit_ok;
  }
  with.answer("ID                         PLATFORMS");
  for (const client::worker& w : report->workers)
    with.answer(progress::sanitize(fmt::format("{:<26} {}", w.id, fmt::join(w.platforms, ","))));
  co_return exit_ok;
}

task<int> run_dial_stdio(std::shared_ptr<const info_args> args, const surroundings& with) {
  result<client::found_daemon> found = co_await find_named_daemon(*args, with);
  if (found.has_error()) co_return say_daemon_failure(found.error(), with);
  result<transport::stream_ptr> daemon = co_await found->way->control();
  if (daemon.has_error()) co_return say_daemon_failure(daemon.error(), with);
  transport::standard_streams standard = co_await transport::open_standard_stream();
  result<void> done = co_await client::join_streams(*standard.both, **daemon);
  standard.both.reset();
  with.answer.note(*standard.write_error);
  if (with.answer.error() != 0) co_return exit_ok;  // the program's end tells it
  if (done.has_error() && done.error().code == errc::cancelled) co_return exit_interrupted;
  if (done.has_error()) co_return say_daemon_failure(done.error(), with);
  co_return exit_ok;
}

using info_runner = task<int> (*)(std::shared_ptr<const info_args>, const surroundings&);

command add(CLI::App& app, const char* name, const char* about, info_runner run, bool with_json, const char* examples) {
  auto args = std::make_shared<info_args>();
  command added;
  added.app = add_subcommand(app, name, about);
  added.app->footer(examples);
  add_daemon_flags(*added.app, *args);
  if (with_json) added.app->add_flag("--json", args->as_json, "One JSON document on standard output");
  added.run = [args, run](const surroundings& with) { return run(args, with); };
  added.verbosity = [args] { return args->verbose; };
  return added;
}

}  // namespace

command add_info_command(CLI::App& app) {
  return add(app, "info", "Tell which daemon is used, what it can do, and if it is healthy",
             run_info, true,
             "Examples:\n"
             "  peelbox info\n"
             "  peelbox info --json --buildkit tcp://builder:1234 && echo healthy");
}
command add_workers_command(CLI::App& app) {
  return add(app, "workers", "List the daemon's workers and their platforms", run_workers, true,
             "Example:\n  peelbox workers --json");
}
command add_dial_stdio_command(CLI::App& app) {
  return add(app, "dial-stdio", "Connect standard input and output to the daemon",
             run_dial_stdio, false,
             "Example:\n"
             "  ssh builder peelbox dial-stdio      # for tools that start a command");
}

}  // namespace peelbox::cli
