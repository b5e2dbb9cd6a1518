// A subcommand, as main() sees it.
#pragma once

#include <functional>
#include <string_view>

#include "cli/answer.hpp"
#include "cli/voice.hpp"
#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/async/log.hpp"
#include "engine/client/build.hpp"
#include "engine/client/find.hpp"

namespace CLI {
class App;
}

namespace peelbox::cli {

/// Made once by main() and used by every command.
struct surroundings {
  environment env;
  blocking_pool& pool;
  const logger& log;
  client::stop_request& stop;
  /// Writes one line for people to standard error, sanitised.
  std::function<void(std::string_view line)> say;
  /// Writes a result for programs to standard output.
  answer_output& answer;
  /// Where `say` writes to; a display replaces it while it draws.
  voice& speech;
  /// Completes the options of a connection with the way to pods (kube-pod://).
  std::function<void(transport::dial_options& dial)> reach_pods;
};

/// A subcommand that was added to the parser. `run` and `verbosity` own its arguments.
struct command {
  CLI::App* app = nullptr;
  /// Returns the exit code, after all errors have been said.
  std::function<task<int>(const surroundings& with)> run;
  /// How often -v was given; valid after parsing.
  std::function<int()> verbosity = [] { return 0; };
  /// What to say when a signal ended it.
  const char* interrupted = "error: the build was interrupted";
};

/// One function per command, commands.cpp lists them.
command add_build_command(CLI::App& app);
command add_context_command(CLI::App& app);
command add_detect_command(CLI::App& app);
command add_frontend_command(CLI::App& app);
command add_schema_command(CLI::App& app);
command add_version_command(CLI::App& app);
command add_info_command(CLI::App& app);
command add_workers_command(CLI::App& app);
command add_dial_stdio_command(CLI::App& app);
command add_history_command(CLI::App& app);
command add_attach_command(CLI::App& app);
command add_image_command(CLI::App& app);
command add_imagetools_command(CLI::App& app);
command add_du_command(CLI::App& app);
command add_buildctl_command(CLI::App& app);
command add_prune_command(CLI::App& app);
command add_pool_command(CLI::App& app);
command add_bench_command(CLI::App& app);
command add_completion_command(CLI::App& app);
command add_man_command(CLI::App& app);

}  // namespace peelbox::cli
