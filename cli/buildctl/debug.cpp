#include "cli/buildctl/debug.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "cli/buildctl/reports.hpp"
#include "cli/display_environment.hpp"
#include "cli/piped_input.hpp"
#include "cli/wrong.hpp"
#include "engine/async/read_file.hpp"
#include "engine/async/task_group.hpp"
#include "engine/client/process_message.hpp"
#include "engine/llb/dump.hpp"
#include "engine/progress/display.hpp"

namespace peelbox::cli::buildctl {

namespace {

constexpr std::size_t most_definition_bytes = 64u << 20;

task<result<std::string>> read_definition(std::string file) {
  if (file.empty() || file == "-") {
    auto reading = read_standard_input("dump-llb", most_definition_bytes);
    co_return co_await std::move(reading);
  }
  co_return read_file(file, file, most_definition_bytes);
}

/// The daemon's record of this build and no other one.
task<result<client::history_record>> find(client::history& daemon, std::string ref) {
  std::optional<client::history_record> found;
  std::function<bool(const client::history_event&)> take = [&](const client::history_event& event) {
    if (event.record.ref == ref) found = event.record;
    return !found;
  };
  auto watching = daemon.watch(ref, true, false, take);
  result<void> watched = co_await std::move(watching);
  if (watched.has_error()) co_return watched.error();
  if (!found) co_return wrong(fmt::format("ref {} not found", ref));
  co_return *found;
}

task<result<void>> copy_blob(client::history& daemon, std::string digest, const surroundings& with) {
  std::function<bool(std::string_view)> take = [&with](std::string_view piece) { return with.answer.text(piece); };
  auto reading = daemon.read(std::move(digest), take);
  co_return co_await std::move(reading);
}

task<result<void>> draw(progress::display& display) {
  co_await display.run();
  co_return result<void>();
}

}  // namespace

task<result<void>> dump_llb(const debug_args& args, const surroundings& with) {
  result<std::string> bytes = co_await read_definition(args.subject);
  if (bytes.has_error()) co_return bytes.error();
  const std::string name = args.subject.empty() || args.subject == "-" ? "standard input" : args.subject;
  const result<std::string> text = args.dot ? llb::dump_dot(*bytes, name) : llb::dump_json(*bytes, name);
  if (text.has_error()) co_return text.error();
  with.answer.text(*text);
  co_return result<void>();
}

task<result<void>> show_logs(client::history& daemon, const debug_args& args, const surroundings& with) {
  if (args.subject.empty()) co_return wrong("build ref must be specified");
  const result<client::history_record> record = co_await find(daemon, args.subject);
  if (record.has_error()) co_return record.error();
  if (args.trace) {
    if (!record->trace) co_return wrong(fmt::format("ref {} does not have trace", args.subject));
    auto copying = copy_blob(daemon, record->trace->digest, with);
    co_return co_await std::move(copying);
  }
  const result<progress::mode> mode = progress::parse_mode(args.progress);
  if (mode.has_error()) co_return mode.error().in("--progress");
  progress::display_options options;
  options.how = *mode;
  options.readable = client::readable_message;
  options.fd = STDOUT_FILENO;
  for (const std::string& ignored : use_display_environment(options, with.env)) with.say("warning: " + ignored);
  auto display = progress::display::make(options);
  if (display.has_error()) co_return display.error();
  std::function<task<result<void>>(task_group&)> body = [&](task_group& group) -> task<result<void>> {
    group.spawn(draw(**display));
    auto following = daemon.follow(record->ref, **display);
    co_return co_await std::move(following);
  };
  result<void> shown = co_await task_group::run(std::move(body));
  with.answer.note((*display)->write_error());
  co_return shown;
}

task<result<void>> monitor(client::history& daemon, const debug_args& args, const surroundings& with) {
  std::function<bool(const client::history_event&)> take = [&with](const client::history_event& event) { return with.answer.text(event_text(event)); };
  auto watching = daemon.watch(args.ref, args.completed, true, take);
  co_return co_await std::move(watching);
}

task<result<void>> get_blob(client::history& daemon, const debug_args& args, const surroundings& with) {
  if (args.subject.empty()) co_return wrong("blob digest must be specified");
  auto copying = copy_blob(daemon, args.subject, with);
  co_return co_await std::move(copying);
}

task<result<void>> change_record(client::history& daemon, const debug_args& args, const surroundings&) {
  if (args.subject.empty()) co_return wrong("build ref must be specified");
  if (!args.pin && !args.unpin && !args.remove) co_return wrong("must specify one of --pin, --unpin, --delete");
  if (args.pin && args.unpin) co_return wrong("cannot specify both --pin and --unpin");
  if (args.remove && (args.pin || args.unpin)) co_return wrong("cannot specify --delete with --pin or --unpin");
  auto changing = args.remove ? daemon.remove(args.subject) : daemon.pin(args.subject, args.pin);
  co_return co_await std::move(changing);
}

}  // namespace peelbox::cli::buildctl
