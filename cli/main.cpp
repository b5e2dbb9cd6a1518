// The program: makes the parts, runs one command, returns its exit code.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>
#include <fcntl.h>
#include <unistd.h>

#include "cli/buildctl/dashes.hpp"
#include "cli/answer.hpp"
#include "cli/command.hpp"
#include "cli/command_tree.hpp"
#include "cli/commands.hpp"
#include "cli/display_environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/help_text.hpp"
#include "cli/misuse.hpp"
#include "cli/voice.hpp"
#include "engine/async/task_group.hpp"
#include "engine/kubernetes/pod_dialer.hpp"
#include "engine/progress/terminal_guard.hpp"

namespace peelbox::cli {
namespace {

/// How long the daemon may take after the first Ctrl-C to report the cancelled steps.
constexpr std::chrono::seconds polite_limit{5};

std::optional<std::string> environment_variable(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  if (!value) return std::nullopt;
  return std::string(value);
}

/// The first signal asks the command to stop, the second one ends the process at once.
class signal_watch {
 public:
  signal_watch(asio::io_context& io, client::stop_request& stop, asio::cancellation_signal& command, const voice& speech)
      : signals_(io, SIGINT, SIGTERM), patience_(io), stop_(stop), command_(command), speech_(speech) {
    wait();
  }
  void finish() {
    signals_.cancel();
    patience_.cancel();
  }
  int received() const noexcept { return received_; }

 private:
  void wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (received_ != 0) {
        progress::restore_terminal();
        _exit(128 + number);
      }
      received_ = number;
      if (stop_.too_late()) {
        speech_.say("the build is done; its results are being written");
      } else if (stop_.ask()) {
        speech_.say("cancelling the build; interrupt again to end at once");
        patience_.expires_after(polite_limit);
        patience_.async_wait([this](const boost::system::error_code& e) {
          if (e || stop_.too_late()) return;
          speech_.say(fmt::format("the daemon did not confirm that for {} s; it stops the build when it finds us gone",
                                  polite_limit.count()));
          command_.emit(asio::cancellation_type::terminal);
        });
      } else {
        command_.emit(asio::cancellation_type::terminal);
      }
      wait();
    });
  }

  asio::signal_set signals_;
  asio::steady_timer patience_;
  client::stop_request& stop_;
  asio::cancellation_signal& command_;
  const voice& speech_;
  int received_ = 0;
};

/// The exit code of a program that answered: an answer that is not whole is a failure.
int answered(answer_output& answer, const voice& speech, int code) {
  answer.finish();
  if (answer.error() == 0) return code;
  if (answer.error() == EPIPE) return code == exit_ok ? exit_no_reader : code;
  const std::string why = answer.error() == ETIMEDOUT ? "whoever reads it took nothing for several seconds, and the rest is lost"
                                                      : std::generic_category().message(answer.error());
  speech.say("error: cannot write to standard output: " + why);
  return code == exit_ok ? exit_context : code;
}

int run(const command& chosen) {
  asio::io_context io(1);
  blocking_pool pool(std::max(2u, std::min(8u, std::thread::hardware_concurrency())));
  const int verbosity = chosen.verbosity();
  const log_level level = verbosity > 1 ? log_level::debug : verbosity == 1 ? log_level::info : log_level::warning;
  voice speech(ci_log_of(environment_variable));
  const auto say = [&speech](std::string_view line) { speech.say(line); };
  const logger log(level, [&speech](log_level, std::string_view line) { speech.say(line); });
  client::stop_request stop(io.get_executor());
  asio::cancellation_signal cancel;
  signal_watch signals(io, stop, cancel, speech);
  int code = exit_build_failed;
  answer_output answer;
  const auto reach_pods = [](transport::dial_options& dial) { dial.pods = kubernetes::make_pod_dialer; };
  const surroundings with{environment_variable, pool, log, stop, say, answer, speech, reach_pods};
  asio::co_spawn(io, chosen.run(with),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown, int result_code) {
                   code = result_code;
                   if (const auto why = failure_of(thrown)) {
                     if (why->code != errc::cancelled) say("error: internal: " + why->text);
                     code = to_exit_code(why->code);
                   }
                   signals.finish();
                 }));
  io.run();
  code = answered(answer, speech, code);
  // What was complete before the signal could end it stays complete.
  if (signals.received() == 0 || code == exit_ok || stop.too_late()) return code;
  say(chosen.interrupted);
  return 128 + signals.received();
}

constexpr const char* program_about = "Build images with BuildKit from Dockerfiles and UniversalBuild specs";

/// For what is said outside of a command.
voice own_voice() { return voice(ci_log_of(environment_variable)); }

/// Why the command line was refused, explained better than by the parser.
int explain(const std::vector<std::string>& words, const std::string& complaint) {
  const voice speech = own_voice();
  CLI::App app{program_about, "peelbox"};
  const std::vector<command> all = add_commands(app);
  const command_info root = describe(app);
  const command_info& meant = command_of(root, words);
  if (const auto wrong = find_misuse(root, words)) {
    speech.say("error: " + wrong->text);
    speech.say(fmt::format("Run `{} --help`.", wrong->help_for));
  } else if (!meant.commands.empty()) {
    speech.say(help_text(meant, false));
    speech.say("error: a command is missing");
  } else {
    speech.say("error: " + complaint);
    speech.say(fmt::format("Run `{} --help`.", meant.path));
  }
  return exit_usage;
}


/// A closed one of 0 to 2 would be given to the next file or socket, and texts would be written there. What is put in its
/// place fails as a closed one does: nothing can be read from 0, and nothing written to 1 and 2.
void occupy_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // Each open() takes the lowest number that is free: this one.
    if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) open("/", O_RDONLY | O_DIRECTORY);
  }
}

int main_without_exceptions(int argc, char** argv) {
  // A closed pipe becomes an error of the write, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  occupy_standard_descriptors();
  // Some programs start others with SIGCHLD ignored; then nobody would be told how a helper ended.
  std::signal(SIGCHLD, SIG_DFL);
  CLI::App app{program_about, "peelbox"};
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  // A link that is called as BuildKit's client is that one.
  if (argc > 0 && std::filesystem::path(argv[0]).filename() == "buildctl") words.insert(words.begin(), "buildctl");
  if (!words.empty() && words.front() == "buildctl") words = buildctl::with_two_dashes(std::move(words));
  const std::vector<command> commands = add_commands(app, words.empty() ? std::string_view() : std::string_view(words.front()));
  if (!words.empty() && words.front() == "help") {
    // `peelbox help build` is `peelbox build --help`.
    std::rotate(words.begin(), words.begin() + 1, words.end());
    words.back() = "--help";
  }
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // the parser wants them in reverse
  } catch (const CLI::Success& done) {
    // The parser takes any word before --help.
    if (find_misuse(describe(app), words)) return explain(words, "");
    std::ostringstream text;
    const int code = app.exit(done, text, text);
    answer_output answer;
    answer.text(text.str());
    return answered(answer, own_voice(), code);
  } catch (const CLI::ParseError& error) {
    return explain(words, error.what());
  }
  for (const command& one : commands)
    if (one.app->parsed()) return run(one);
  return exit_usage;
}

}  // namespace
}  // namespace peelbox::cli

int main(int argc, char** argv) {
  try {
    return peelbox::cli::main_without_exceptions(argc, argv);
  } catch (const std::exception& error) {
    peelbox::progress::restore_terminal();
    peelbox::cli::own_voice().say(std::string("error: internal: ") + error.what());
    return peelbox::cli::exit_build_failed;
  }
}
