// What proves to the API server who we are: read, cached, renewed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/async/environment.hpp"
#include "engine/async/event.hpp"
#include "engine/kubernetes/access.hpp"
#include "engine/kubernetes/exec_credential.hpp"
#include "transport/http_message.hpp"
#include "transport/tls_options.hpp"

namespace peelbox::kubernetes {

struct identity {
  transport::http_headers headers;  ///< Authorization, Impersonate-…
  transport::tls_options tls;
  /// Another number: another certificate, so connections are made anew.
  std::uint64_t certificate = 0;
};

/// Used by several coroutines of one thread; must outlive their calls.
class credentials {
 public:
  credentials(access to, environment variables, executor ex);

  /// What the next request carries. A token file is read again after 50 s (kubelet renews tokens at 80 % of their life), a
  /// plugin runs again 30 s before its answer expires, one at a time. Failures: those of files, errc::not_found (no such plugin),
  /// errc::connection (it failed; its last words), errc::protocol and timed_out (60 s).
  task<result<identity>> current();

  /// After a 401. True when what current() gives next may be something else.
  bool forget() noexcept;

 private:
  task<result<void>> run_plugin();
  result<std::string> token();

  access to_;
  environment variables_;
  event done_;
  bool running_ = false;
  exec_credential of_plugin_;
  bool has_plugin_ = false;
  std::uint64_t certificate_ = 0;
  std::string file_token_;
  std::chrono::steady_clock::time_point read_at_{};
};

}  // namespace peelbox::kubernetes
