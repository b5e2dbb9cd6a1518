// Which daemon: the flags that several commands share.
#pragma once

#include <optional>
#include <string>

#include "transport/dialer.hpp"

namespace CLI {
class App;
}

namespace peelbox::cli {

struct daemon_args {
  std::optional<std::string> buildkit;
  transport::tls_options tls;
  std::string tls_dir;
  int verbose = 0;
};

/// --buildkit, --addr, the --tls… flags and -v.
void add_daemon_flags(CLI::App& app, daemon_args& args);

/// The TLS options of these flags; errc::usage when they contradict each other, not_found for a missing directory.
result<transport::tls_options> choose_tls(const transport::tls_options& flags, const std::string& tls_dir);

}  // namespace peelbox::cli
