// What the shell sees. One table; docs and --help quote it.
#pragma once

#include "engine/async/failure.hpp"

namespace peelbox::cli {

enum exit_code : int {
  exit_ok = 0,
  exit_build_failed = 1,
  exit_usage = 2,
  exit_connection = 3,  ///< no daemon, a refused connection, or a daemon that is too old
  exit_context = 4,     ///< the build context, or the output, on this machine
  exit_lost = 75,       ///< the daemon went away or hangs during the build; trying again may help (EX_TEMPFAIL of sysexits.h)
  exit_interrupted = 130,
  exit_no_reader = 141,  ///< whoever read standard output has left, as `head` does (the code of SIGPIPE in shells)
  exit_terminated = 143,
};

constexpr exit_code to_exit_code(errc code) noexcept {
  switch (code) {
    case errc::usage: return exit_usage;
    case errc::lost: return exit_lost;
    case errc::connection:
    case errc::closed:
    case errc::tls:
    case errc::timed_out:
    case errc::unsupported:
    case errc::protocol: return exit_connection;
    case errc::context:
    case errc::not_found:
    case errc::permission:
    case errc::io: return exit_context;
    case errc::cancelled: return exit_interrupted;
    case errc::remote:
    case errc::limit:
    case errc::internal: return exit_build_failed;
  }
  return exit_build_failed;
}

}  // namespace peelbox::cli
