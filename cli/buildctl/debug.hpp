// `buildctl debug …` about builds and definitions (cmd/buildctl/debug).
#pragma once

#include <string>

#include "cli/command.hpp"
#include "engine/client/history.hpp"

namespace peelbox::cli::buildctl {

/// The arguments as text, before any check.
struct debug_args {
  /// REF, DIGEST or FILE.
  std::string subject;
  /// --ref of `monitor`.
  std::string ref;
  std::string progress = "auto";
  bool trace = false;
  bool completed = false;
  bool dot = false;
  bool pin = false;
  bool unpin = false;
  bool remove = false;
};

// The answers go to standard output. Failures are those of client::history, and errc::usage. All references must outlive the call.

/// `dump-llb`: needs no daemon.
task<result<void>> dump_llb(const debug_args& args, const surroundings& with);
/// `logs`: what the build printed, or with --trace its trace.
task<result<void>> show_logs(client::history& daemon, const debug_args& args, const surroundings& with);
/// `monitor`: until the daemon ends it.
task<result<void>> monitor(client::history& daemon, const debug_args& args, const surroundings& with);
/// `get`
task<result<void>> get_blob(client::history& daemon, const debug_args& args, const surroundings& with);
/// `ctl`
task<result<void>> change_record(client::history& daemon, const debug_args& args, const surroundings& with);

}  // namespace peelbox::cli::buildctl
