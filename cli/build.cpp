#include "cli/build.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "cli/annotations.hpp"
#include "cli/build_modes.hpp"
#include "cli/build_plan.hpp"
#include "cli/build_report.hpp"
#include "cli/build_services.hpp"
#include "cli/display_environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/output_fields.hpp"
#include "cli/picture_files.hpp"
#include "cli/piped_input.hpp"
#include "cli/registry_access.hpp"
#include "cli/result_files.hpp"
#include "cli/transition_log.hpp"
#include "cli/warning_list.hpp"
#include "engine/client/error_text.hpp"
#include "engine/client/layout.hpp"
#include "engine/client/process_message.hpp"
#include "engine/session/auth_service.hpp"
#include "engine/session/content_id.hpp"
#include "engine/session/upload_service.hpp"
#include "engine/async/output_place.hpp"
#include "engine/async/task_group.hpp"
#include "engine/docker/login_book.hpp"
#include "engine/progress/display.hpp"
#include "engine/progress/log_files.hpp"
#include "engine/registry/token_source.hpp"
#include "engine/spec/load.hpp"

namespace peelbox::cli {

namespace {

result<progress::mode> progress_mode(const build_args& args, const environment& env) {
  if (args.quiet) return progress::mode::quiet;
  result<progress::mode> flag = progress::parse_mode(args.progress);
  if (flag.has_error()) return flag.error().in("--progress");
  const std::optional<std::string> variable = env("BUILDKIT_PROGRESS");
  return progress::choose_mode(*flag, variable ? variable->c_str() : nullptr);
}

session::user_secret secret_of_user(const surroundings& with) {
  session::user_secret user =
      session::user_secret::load(session::state_folder(with.env("XDG_STATE_HOME"), with.env("HOME")));
  if (!user.why_not_kept().empty())
    with.log.info("no identity is kept for this user ({}), so the daemon cannot use what earlier builds sent it", user.why_not_kept());
  return user;
}

task<result<session::registry_login>> look_up(std::string host, std::shared_ptr<docker::login_book> logins) {
  result<docker::credentials> found = co_await logins->find(std::move(host));
  if (found.has_error()) co_return found.error();
  co_return session::registry_login{found->username, found->secret, found->registry_token};
}

task<result<session::fetched_token>> fetch_token(session::token_wish wish, session::registry_login login, std::shared_ptr<registry::token_source> from) {
  docker::credentials known;
  known.username = std::move(login.username);
  known.secret = std::move(login.secret);
  registry::token_question what{wish.realm, wish.service, wish.scopes, wish.client_id};
  auto fetching = from->fetch(wish.host, std::move(what), std::move(known));
  result<registry::token> got = co_await std::move(fetching);
  if (got.has_error())
    co_return got.error().in(fmt::format("token for {} (BUILDKIT_NO_CLIENT_TOKEN=1 lets the daemon fetch it, with your login)", wish.host));
  const auto now = std::chrono::system_clock::now();
  co_return session::fetched_token{got->value, got->expires_in, registry::issue_time(got->issued_at).value_or(now)};
}

session::auth_source make_auth_source(const surroundings& with, const build_args& args, const session::user_secret& user) {
  session::auth_source source;
  auto logins = make_login_book(with);
  source.login = [logins](std::string host) { return look_up(std::move(host), logins); };
  if (!with.env("BUILDKIT_NO_CLIENT_TOKEN").value_or("").empty()) return source;
  // The flag's values were read when the build was prepared.
  auto tokens = std::make_shared<registry::token_source>(token_options(with, parse_registry_tls(args.registry_tls).value()));
  source.fetch = [tokens](session::token_wish wish, session::registry_login login) { return fetch_token(std::move(wish), std::move(login), tokens); };
  source.stand_in = [user](std::string_view host, const session::registry_login& login) {
    return user.derive("registry login", fmt::format("{}\n{}\n{}", host, login.username, login.secret));
  };
  return source;
}

struct shown_build {
  const build_args& args;
  prepared_build& prepared;
  progress::display& display;
  /// Whether lines for people go through the display, because it draws on standard error.
  bool draws_where_we_speak;
  std::vector<client::build_phase>& phases;
  const session::user_secret& user;
  const surroundings& with;
};

task<result<void>> show_build(const shown_build& what) {
  std::optional<voice::detour> through;
  if (what.draws_where_we_speak)
    through.emplace(what.with.speech, [&display = what.display](std::string line) { display.say(line); });
  co_await what.display.run();
  co_return result<void>();
}

void note(progress::event_sink& events, std::string text) {
  progress::batch one;
  one.note = std::move(text);
  events.take(one);
}

/// Looks for the daemon and builds. Closes the display in any case.
task<result<client::build_outcome>> find_and_build(const shown_build& what) {
  const progress::closes_sink close_events(what.display);
  const surroundings& with = what.with;
  client::build_options& options = what.prepared.options;
  const std::string address = what.args.buildkit ? *what.args.buildkit : with.env("BUILDKIT_HOST").value_or("");
  note(what.display, address.empty() ? "looking for a BuildKit daemon" : "connecting to " + address);
  const auto began = std::chrono::steady_clock::now();
  transport::dial_options dial = what.prepared.dial;
  with.reach_pods(dial);
  result<client::found_daemon> daemon =
      co_await client::find_daemon(what.args.buildkit, with.env, dial, with.log);
  if (daemon.has_error()) co_return daemon.error();
  what.phases.push_back(
      {"find", std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began)});
  options.way = daemon->way;
  if (daemon->docker_as_fallback && !what.args.quiet && !what.args.terse)
    with.say(fmt::format("no standalone BuildKit daemon was found; using the one inside of Docker: {}",
                         options.way->name()));
  for (client::solve_request& request : options.services)
    for (client::export_request& one : request.exports)
      if (auto* store = std::get_if<client::docker_store>(&one.where)) store->variables = with.env;
  options.attachables.push_back(session::logins(make_auth_source(with, what.args, what.user)));
  co_return co_await client::run_build(options, with.stop, what.display, with.pool, with.log);
}

/// The first failure counts. The display ends by itself when it is closed.
task<result<client::build_outcome>> build_and_show(const shown_build& what) {
  result<client::build_outcome> outcome = failure(errc::internal, "the build did not run");
  result<void> joined = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn(show_build(what));
    outcome = co_await find_and_build(what);
    co_return result<void>();
  });
  if (joined.has_error()) co_return joined.error();
  co_return outcome;
}

/// A spec's warnings come twice: from its check, with a line number, and from the plan. Says each once.
void say_warnings(const std::vector<std::string>& warnings, const surroundings& with) {
  for (auto one = warnings.begin(); one != warnings.end(); ++one)
    if (std::none_of(warnings.begin(), one, [&](const std::string& before) { return before.ends_with(*one); }))
      with.say("warning: " + *one);
}

std::chrono::microseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
}

int say_build_failure(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  for (const std::string& line : annotations(ci_log_of(with.env), why, "peelbox build", why.text)) with.speech.remark(line);
  return to_exit_code(why.code);
}

/// The build lives in the Solve call (control/control.go, Solve): when that ends, so does the build.
failure detach_refused() {
  return failure(errc::usage,
                 "--detach is not possible with BuildKit: the daemon cancels a build as soon as the client that asked for it "
                 "goes away, also after the context was sent. Leave the client running instead, as in "
                 "`nohup peelbox build … &`, and follow the build from anywhere with `peelbox attach`.",
                 origin::user);
}

/// Far more than a daemon takes.
constexpr std::size_t most_llb_bytes = 64u << 20;
constexpr std::size_t most_dockerfile_bytes = 4u << 20;

/// The flag whose `-` means standard input, and what it takes at most.
struct piped_file {
  std::string flag;
  std::size_t most = 0;
};

piped_file wanted_from_pipe(const build_args& args) {
  if (args.spec == "-") return {"--spec", spec::max_spec_bytes};
  if (args.llb == "-") return {"--llb", most_llb_bytes};
  if (mode_of(args) != build_mode::dockerfile) return {};
  if (args.dockerfile.file == "-" && args.context != "-") return {"--file", most_dockerfile_bytes};
  return {};
}

/// Writes the pictures, with the first failure in their title.
result<void> write_pictures(picture_files& pictures, const prepared_build& prepared,
                            const result<client::build_outcome>& outcome, const progress::trace& picture) {
  std::string title;
  for (const prepared_service& service : prepared.services) {
    const std::vector<std::string>& images = service.target.image_names;
    const std::string& name = images.empty() ? service.name : images.front();
    if (!name.empty()) title += (title.empty() ? "" : ", ") + name;
  }
  std::string error;
  if (outcome.has_error()) error = client::error_message(outcome.error(), picture);
  else
    for (const result<client::service_outcome>& service : outcome->services)
      if (service.has_error() && error.empty()) error = client::error_message(service.error(), picture);
  return pictures.write(title, error);
}

bool goes_to_standard_output(const client::export_request& one) {
  const auto* file = std::get_if<session::file_target>(&one.where);
  return file != nullptr && file->file->is_standard_output();
}

struct filled_layout {
  const session::served_layout* where;
  const std::map<std::string, std::string>* exporter_response;
};

/// Images that have arrived in directories.
std::vector<filled_layout> filled_layouts(const prepared_build& prepared, const result<client::build_outcome>& outcome) {
  std::vector<filled_layout> filled;
  if (outcome.has_error()) return filled;
  for (std::size_t i = 0; i < outcome->services.size(); ++i) {
    const session::served_layout* layout = client::layout_of(prepared.options.services[i]);
    if (layout != nullptr && outcome->services[i].has_value()) filled.push_back({layout, &outcome->services[i]->exporter_response});
  }
  return filled;
}

/// That takes as long as the disk does; names are given at once then.
result<void> flush_layouts(const std::vector<filled_layout>& filled) {
  for (const filled_layout& one : filled)
    if (result<void> flushed = one.where->store->flush(); flushed.has_error()) return flushed.error().in("the image was exported, but not named");
  return {};
}

result<void> name_layouts(const std::vector<filled_layout>& filled) {
  for (const filled_layout& one : filled)
    if (result<void> named = client::name_layout(*one.where, *one.exporter_response); named.has_error())
      return named.error().in("the image was exported, but not named");
  return {};
}

/// An image on standard output is alone there, or it is broken.
result<void> alone_on_standard_output(const build_args& args) {
  const auto refuse = [](const char* flag) {
    return failure(errc::usage, fmt::format("{} and --output both write to standard output; name a file for one of them", flag), origin::user);
  };
  if (args.stats == "json") return refuse("--stats=json");
  const std::pair<const char*, const std::string&> names[] = {{"--metadata-file", args.metadata_file}, {"--iidfile", args.iid_file},
                                                              {"--ref-file", args.ref_file}, {"--timeline", args.timeline},
                                                              {"--trace", args.trace}, {"--log-file", args.log_file}};
  for (const auto& [flag, name] : names) {
    const result<std::optional<int>> given = given_descriptor(name);
    if (given.has_value() && *given == STDOUT_FILENO) return refuse(flag);
  }
  return {};
}

int dump_llb(const build_args& args, const surroundings& with) {
  result<marshalled_definition> dumped = dumped_definition(args, secret_of_user(with));
  if (dumped.has_error()) return say_build_failure(dumped.error(), with);
  say_warnings(dumped->warnings, with);
  result<void> done = session::write_file(args.dump_llb, dumped->bytes);
  return done.has_error() ? say_build_failure(done.error(), with) : exit_ok;
}

}  // namespace

task<int> run_build_command(const build_args& given, const surroundings& with, build_tale* tale) {
  const auto started = std::chrono::steady_clock::now();
  if (given.detach) co_return say_build_failure(detach_refused(), with);
  result<void> meant = check_flags(given);
  if (meant.has_error()) co_return say_build_failure(meant.error(), with);
  build_args args = given;
  if (const piped_file wanted = wanted_from_pipe(args); !wanted.flag.empty()) {
    result<std::string> piped = co_await read_standard_input(wanted.flag, wanted.most);
    if (piped.has_error()) co_return say_build_failure(piped.error(), with);
    args.piped = std::move(*piped);
  }
  if (args.context == "-" && mode_of(args) == build_mode::dockerfile) {
    result<piped_context> piped = co_await open_piped_context("the directory", most_dockerfile_bytes);
    if (piped.has_error()) co_return say_build_failure(piped.error(), with);
    if (piped->archive) args.upload = std::make_shared<session::upload>(std::move(piped->text), std::move(piped->rest));
    else args.piped = std::move(piped->text);
  }
  if (!args.dump_llb.empty()) co_return dump_llb(args, with);
  result<progress::mode> mode = progress_mode(args, with.env);
  if (mode.has_error()) co_return say_build_failure(mode.error(), with);
  // As buildx does it (build/opt.go): an empty one is none.
  const std::string epoch = with.env("SOURCE_DATE_EPOCH").value_or("");
  if (!epoch.empty()) {
    result<void> checked = check_epoch("SOURCE_DATE_EPOCH", epoch);
    if (checked.has_error()) co_return say_build_failure(checked.error(), with);
  }
  if (auto checked = parse_registry_tls(args.registry_tls); checked.has_error()) co_return say_build_failure(checked.error(), with);
  const session::user_secret user = secret_of_user(with);
  result<prepared_build> prepared = prepare_build(args, user, with.env);
  if (prepared.has_error()) co_return say_build_failure(prepared.error(), with);
  for (client::solve_request& request : prepared->options.services) request.source_date_epoch = epoch;
  args.oci_layouts.insert(args.oci_layouts.end(), prepared->layouts.begin(), prepared->layouts.end());
  result<build_services> served = add_build_services(args, with.env, with.pool, prepared->options);
  if (served.has_error()) co_return say_build_failure(served.error(), with);
  prepared->warnings.insert(prepared->warnings.end(), served->warnings.begin(), served->warnings.end());
  const auto& first_exports = prepared->options.services.front().exports;
  const bool image_to_stdout = std::any_of(first_exports.begin(), first_exports.end(), goes_to_standard_output);
  if (image_to_stdout && isatty(STDOUT_FILENO) != 0)
    co_return say_build_failure(
        failure(errc::usage, "--output dest=-: standard output is a terminal; redirect it, or name a file"), with);
  if (result<void> alone = alone_on_standard_output(args); image_to_stdout && alone.has_error())
    co_return say_build_failure(alone.error(), with);
  if (args.stats && *args.stats != "" && *args.stats != "json")
    co_return say_build_failure(failure(errc::usage, "--stats " + *args.stats + ": use --stats or --stats=json", origin::user), with);
  result<result_files> files = result_files::open(args, prepared->services.size());
  if (files.has_error()) co_return say_build_failure(files.error(), with);
  say_warnings(prepared->warnings, with);

  progress::display_options shown;
  shown.how = *mode;
  shown.readable = client::readable_message;
  shown.listeners = args.listeners;
  // Modes for programs write to standard output, unless the image goes there.
  if ((*mode == progress::mode::rawjson || *mode == progress::mode::logs) && !image_to_stdout) shown.fd = STDOUT_FILENO;
  if (tale != nullptr) shown.fd = tale->progress_fd;
  for (const std::string& ignored : use_display_environment(shown, with.env)) with.say("warning: " + ignored);
  if (with.log.enabled(log_level::info)) shown.listeners.push_back(std::make_shared<transition_log>(with.log));
  std::shared_ptr<progress::log_files> logs;
  if (!args.log_file.empty()) {
    result<std::shared_ptr<progress::log_files>> made = progress::make_log_files(args.log_file);
    if (made.has_error()) co_return say_build_failure(made.error().in("--log-file"), with);
    logs = std::move(*made);
    shown.listeners.push_back(logs);
  }
  result<std::shared_ptr<picture_files>> pictures = picture_files::open(args.timeline, args.trace);
  if (pictures.has_error()) co_return say_build_failure(pictures.error(), with);
  if (*pictures) shown.listeners.push_back(*pictures);
  if (!args.metadata_file.empty())
    prepared->options.provenance = metadata_provenance_mode(with.env("BUILDX_METADATA_PROVENANCE").value_or(""));
  const auto warnings = std::make_shared<warning_list>();
  if (!args.metadata_file.empty() && wants_metadata_warnings(with.env("BUILDX_METADATA_WARNINGS").value_or("")))
    shown.listeners.push_back(warnings);
  result<std::unique_ptr<progress::display>> display = progress::display::make(shown);
  if (display.has_error()) co_return say_build_failure(display.error(), with);
  for (client::solve_request& request : prepared->options.services) request.ref = session::random_id();

  std::vector<client::build_phase> phases{{"plan", since(started)}};
  const shown_build what{args, *prepared, **display, shown.fd == STDERR_FILENO, phases, user, with};
  const result<client::build_outcome> outcome = co_await build_and_show(what);
  if (tale != nullptr) {
    if (outcome.has_error()) tale->why = outcome.error();
    else if (outcome->services.front().has_error()) tale->why = outcome->services.front().error();
    else tale->exporter_response = outcome->services.front()->exporter_response;
  }
  if (args.paranoid) {
    // What earlier builds left under their ids may be what the daemon should not have had.
    const result<void> renewed = session::renew_content_ids(user);
    if (renewed.has_error()) with.say("warning: later builds may use what the daemon had before: " + renewed.error().text);
  }
  const std::vector<filled_layout> filled = filled_layouts(*prepared, outcome);
  result<void> named;
  if (!filled.empty()) {
    auto flush = [&filled] { return flush_layouts(filled); };
    named = co_await with.pool.run(std::move(flush));
  }
  // First of all, and without waiting for anything: until here nothing was replaced, and an interruption finds all or nothing.
  const bool began = !(*display)->picture().steps().empty();
  if (named.has_value()) named = name_layouts(filled);
  const result<void> left = named.has_error() ? named : leave_results(*files, *prepared, outcome, began, warnings->json());
  if (shown.fd == STDOUT_FILENO) with.answer.note((*display)->write_error());
  int files_code = exit_ok;
  if (outcome.has_value() && !served->local_exports.empty()) {
    std::vector<std::string> remarks;
    auto tag = [&served, &outcome, &remarks] { return tag_local_caches(std::exchange(served->local_exports, {}), *outcome, remarks); };
    result<void> tagged = co_await with.pool.run(std::move(tag));
    say_warnings(remarks, with);
    if (tagged.has_error()) files_code = say_build_failure(tagged.error(), with);
  }
  if (logs && logs->write_failure()) files_code = say_build_failure(logs->write_failure()->in("--log-file"), with);
  if (*pictures) {
    result<void> written = write_pictures(**pictures, *prepared, outcome, (*display)->picture());
    if (written.has_error()) files_code = say_build_failure(written.error(), with);
  }
  const ended_build ended{args, *prepared, outcome, **display, since(started), std::move(phases), left};
  const int code = co_await report_build(ended, with);
  co_return code == exit_ok ? files_code : code;
}

}  // namespace peelbox::cli
