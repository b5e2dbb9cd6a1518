#include "cli/build.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "cli/build_plan.hpp"
#include "cli/exit_code.hpp"
#include "cli/summary.hpp"
#include "engine/async/task_group.hpp"
#include "engine/build/error_text.hpp"
#include "engine/docker/credentials.hpp"
#include "engine/progress/display.hpp"

namespace peelbox::cli {

namespace {

/// Batches of events between the daemon's reader and the display.
constexpr std::size_t event_queue = 256;

result<progress::mode> progress_mode(const build_args& args, const build::environment& env) {
  if (args.quiet) return progress::mode::quiet;
  result<progress::mode> flag = progress::parse_mode(args.progress);
  if (flag.has_error()) return flag.error().in("--progress");
  const std::optional<std::string> variable = env("BUILDKIT_PROGRESS");
  return progress::choose_mode(*flag, variable ? variable->c_str() : nullptr);
}

task<result<session::registry_login>> look_up(std::string host, std::shared_ptr<const docker::config> config,
                                              blocking_pool& pool) {
  result<docker::credentials> found = co_await docker::find_credentials(std::move(host), *config, pool);
  if (found.has_error()) co_return found.error();
  co_return session::registry_login{found->username, found->secret};
}

/// Logins for registries, from Docker's configuration. A broken configuration is said once and means no logins.
session::login_lookup make_login_lookup(const surroundings& with) {
  result<docker::config> loaded = docker::load_config(with.env);
  if (loaded.has_error()) with.say("warning: registries are used without a login: " + loaded.error().text);
  auto config = std::make_shared<const docker::config>(loaded.has_value() ? *loaded : docker::config{});
  return [config, pool = &with.pool](std::string host) { return look_up(std::move(host), config, *pool); };
}

/// What goes wrong first is what counts; the display ends by itself when the build closes the channel.
task<result<build::build_outcome>> build_and_show(const build::build_options& options, progress::display& display,
                                                  const surroundings& with) {
  const executor ex = co_await asio::this_coro::executor;
  channel<progress::batch> events(ex, event_queue);
  result<build::build_outcome> outcome = failure(errc::internal, "the build did not run");
  result<void> joined = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn([](progress::display& d, channel<progress::batch>& e) -> task<result<void>> {
      co_await d.run(e);
      co_return result<void>();
    }(display, events));
    outcome = co_await build::run_build(options, with.stop, events, with.pool, with.log);
    co_return result<void>();
  });
  if (joined.has_error()) co_return joined.error();
  co_return outcome;
}

int say_failure(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  return to_exit_code(why.code);
}

int dump_llb(const build_args& args, const surroundings& with) {
  result<std::string> bytes = definition_bytes(args);
  if (bytes.has_error()) return say_failure(bytes.error(), with);
  result<std::unique_ptr<session::output_file>> file = session::output_file::create(args.dump_llb);
  if (file.has_error()) return say_failure(file.error(), with);
  result<void> done = (*file)->write(byte_chain(byte_slice::of(std::move(*bytes))));
  if (done.has_value()) done = (*file)->commit();
  return done.has_error() ? say_failure(done.error(), with) : exit_ok;
}

}  // namespace

task<int> run_build_command(const build_args& args, const surroundings& with) {
  const auto started = std::chrono::steady_clock::now();
  if (!args.dump_llb.empty()) co_return dump_llb(args, with);
  result<progress::mode> mode = progress_mode(args, with.env);
  if (mode.has_error()) co_return say_failure(mode.error(), with);
  result<prepared_build> prepared = prepare_build(args);
  if (prepared.has_error()) co_return say_failure(prepared.error(), with);
  if (prepared->services.front().output.dest == "-" && isatty(STDOUT_FILENO) != 0) {
    co_return say_failure(
        failure(errc::usage, "--output dest=-: standard output is a terminal; redirect it, or name a file"), with);
  }
  for (const std::string& warning : prepared->warnings) with.say("warning: " + warning);

  progress::display_options shown;
  shown.how = *mode;
  shown.color = !with.env("NO_COLOR").has_value();
  result<std::unique_ptr<progress::display>> display = progress::display::make(shown);
  if (display.has_error()) co_return say_failure(display.error(), with);

  build::build_options& options = prepared->options;
  result<build::found_daemon> daemon =
      co_await build::find_daemon(args.buildkit, with.env, prepared->dial, with.log);
  if (daemon.has_error()) co_return say_failure(daemon.error(), with);
  options.way = daemon->way;
  if (daemon->docker_as_fallback && !args.quiet)
    with.say(fmt::format("no standalone BuildKit daemon was found; using the one inside of Docker: {}",
                         options.way->name()));
  for (build::service_build& service : options.services)
    if (service.to_docker) service.to_docker->variables = with.env;
  options.logins = make_login_lookup(with);

  result<build::build_outcome> outcome = co_await build_and_show(options, **display, with);
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
  const auto say_why = [&](const failure& why, const std::string& service) {
    build::error_text_options shown_already;
    shown_already.log_lines = !(*display)->shows_error_blocks();
    const std::string text = build::error_text(why, (*display)->picture(), shown_already);
    with.say(service.empty() ? "error: " + text : "error: service " + service + ": " + text);
  };
  if (outcome.has_error()) {
    say_why(outcome.error(), "");
    if (!args.quiet) with.say(fmt::format("failed after {}", human_time(took)));
    co_return to_exit_code(outcome.error().code);
  }
  const bool several = prepared->services.size() > 1;
  int code = exit_ok;
  for (std::size_t i = 0; i < outcome->services.size(); ++i) {
    const result<build::service_outcome>& service = outcome->services[i];
    if (service.has_error()) {
      say_why(service.error(), several ? prepared->services[i].name : "");
      if (code == exit_ok) code = to_exit_code(service.error().code);
      continue;
    }
    for (const std::string& warning : service->warnings) with.say("warning: " + warning);
    if (!args.quiet) continue;
    if (const std::string digest = image_digest(*service); !digest.empty())
      with.answer(several ? prepared->services[i].name + " " + digest : digest);
  }
  for (const std::string& warning : outcome->warnings) with.say("warning: " + warning);
  if (!args.quiet) {
    if (code != exit_ok && !several) with.say(fmt::format("failed after {}", human_time(took)));
    else for (const std::string& line : summary_lines(*prepared, *outcome, (*display)->picture(), took)) with.say(line);
  }
  co_return code;
}

}  // namespace peelbox::cli
