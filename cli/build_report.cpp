#include "cli/build_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/annotations.hpp"
#include "cli/build_stats.hpp"
#include "cli/display_environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/summary.hpp"
#include "engine/client/error_text.hpp"

namespace peelbox::cli {

namespace {

/// Where a build from a spec has the context (engine/spec/plan.cpp).
constexpr std::string_view directory_of_build = "/build";

std::chrono::milliseconds whole(std::chrono::microseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

/// The ignore rule that kept a file from the failed step, if there is one. Looks at files, so it runs on the pool.
task<std::optional<client::left_out_file>> look_for_rule(const ended_build& ended, const failure& why,
                                                        const surroundings& with) {
  std::vector<std::string> paths = client::paths_missed(why, ended.display.picture(), directory_of_build);
  if (paths.empty()) co_return std::nullopt;
  for (const auto& [name, source] : ended.prepared.options.contexts) {
    auto job = [context = source, paths] { return client::find_left_out(*context, paths); };
    std::optional<client::left_out_file> found = co_await with.pool.run(std::move(job));
    if (found) co_return found;
  }
  co_return std::nullopt;
}

/// `remarks` are for the CI service.
task<void> say_why(const ended_build& ended, const failure& why, const std::string& service, const surroundings& with,
                   std::vector<std::string>& remarks) {
  // That a build was interrupted is said once, at the end of the program.
  if (why.code == errc::cancelled) co_return;
  if (ended.args.terse) {
    // The words that scripts look for.
    with.say("error: " + (why.status ? "failed to solve: " + why.status->message : why.text));
    co_return;
  }
  client::error_text_options options;
  options.log_lines = !ended.display.shows_error_blocks();
  options.left_out = co_await look_for_rule(ended, why, with);
  const std::string text = client::error_text(why, ended.display.picture(), options);
  with.say(service.empty() ? "error: " + text : "error: service " + service + ": " + text);
  for (std::string& line : annotations(ci_log_of(with.env), why, service.empty() ? "peelbox build" : "service " + service, text))
    remarks.push_back(std::move(line));
}

bool was_stopped(const result<client::build_outcome>& outcome) {
  if (outcome.has_error()) return outcome.error().code == errc::cancelled;
  return std::any_of(outcome->services.begin(), outcome->services.end(),
                     [](const auto& service) { return service.has_error() && service.error().code == errc::cancelled; });
}

void give_stats(const ended_build& ended, bool succeeded, const surroundings& with) {
  build_stats stats;
  stats.succeeded = succeeded;
  stats.took = ended.took;
  stats.phases = ended.phases;
  stats.cost = cost_so_far();
  if (ended.outcome.has_value()) {
    stats.phases.insert(stats.phases.end(), ended.outcome->phases.begin(), ended.outcome->phases.end());
    stats.wire = ended.outcome->wire;
    stats.context = ended.outcome->context;
    stats.looks = ended.outcome->looks;
    for (const auto& service : ended.outcome->services)
      if (service.has_value()) stats.exported_bytes += service->exported_bytes;
  }
  if (*ended.args.stats == "json") with.answer(stats_json(stats));
  else for (const std::string& line : stats_lines(stats)) with.say(line);
}

/// Prints what the frontend said. Its findings become the exit code, as those of a failed build do.
int give_answer(const asked_frontend& asked, const surroundings& with) {
  const result<std::string> text = answer_text(asked.question, *asked.answer);
  if (text.has_error()) {
    with.say("error: " + text.error().text);
    return to_exit_code(text.error().code);
  }
  with.answer(*text);
  return tells_of_trouble(asked.question, *asked.answer) ? exit_build_failed : exit_ok;
}

/// Reports each service: errors, warnings, digests. Returns the code of the first failure.
task<int> report_services(const ended_build& ended, const surroundings& with, std::vector<std::string>& remarks) {
  const std::vector<prepared_service>& prepared = ended.prepared.services;
  int code = exit_ok;
  for (std::size_t i = 0; i < ended.outcome->services.size(); ++i) {
    const result<client::service_outcome>& service = ended.outcome->services[i];
    const std::string name = prepared.size() > 1 ? prepared[i].name : "";
    if (service.has_error()) {
      co_await say_why(ended, service.error(), name, with, remarks);
      if (code == exit_ok) code = to_exit_code(service.error().code);
      continue;
    }
    for (const std::string& warning : service->warnings) with.say("warning: " + warning);
    if (!ended.args.quiet || ended.left.has_error()) continue;
    if (const std::string digest = image_digest(*service); !digest.empty())
      with.answer(name.empty() ? digest : name + " " + digest);
  }
  for (const std::string& warning : ended.outcome->warnings) with.say("warning: " + warning);
  co_return code;
}

}  // namespace

task<int> report_build(const ended_build& ended, const surroundings& with) {
  std::vector<std::string> remarks;
  int code = exit_ok;
  if (ended.outcome.has_error()) {
    co_await say_why(ended, ended.outcome.error(), "", with, remarks);
    code = to_exit_code(ended.outcome.error().code);
  } else {
    code = co_await report_services(ended, with, remarks);
  }
  if (ended.left.has_error()) {
    with.say("error: " + ended.left.error().text);
    if (code == exit_ok) code = to_exit_code(ended.left.error().code);
  }
  if (ended.prepared.asked && code == exit_ok) {
    code = give_answer(*ended.prepared.asked, with);
    if (ended.args.stats) give_stats(ended, code == exit_ok, with);
    co_return code;
  }
  const progress::trace& picture = ended.display.picture();
  const bool several = ended.prepared.services.size() > 1;
  if (!ended.args.quiet && !ended.args.terse) {
    for (const std::string& line : clipped_lines(picture)) with.say(line);
    if (ended.outcome.has_error() || ended.left.has_error() || (code != exit_ok && !several)) {
      // There is nothing to say about a build that was refused before it began.
      if (!picture.steps().empty() || ended.took >= std::chrono::seconds(1)) {
        with.say(failure_line(picture, whole(ended.took), was_stopped(ended.outcome)));
      }
    } else {
      for (const std::string& line : summary_lines(ended.prepared, *ended.outcome, picture, whole(ended.took))) with.say(line);
    }
  }
  for (const std::string& line : remarks) with.speech.remark(line);
  if (ended.args.stats) give_stats(ended, code == exit_ok, with);
  co_return code;
}

}  // namespace peelbox::cli
