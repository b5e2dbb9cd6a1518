// One registry: where it is, what it wants to know, and requests that are tried again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/http/client.hpp"
#include "engine/registry/challenge.hpp"
#include "engine/registry/fetch_token.hpp"
#include "engine/registry/host_settings.hpp"
#include "engine/registry/retry.hpp"
#include "engine/registry/scope.hpp"

namespace peelbox::registry {

/// The login for a registry as Docker's configuration has it; an empty one: none is known.
using login_function = std::function<task<result<docker::credentials>>(std::string host)>;

struct host_options {
  login_function login;
  retry_policy retry;
  /// Where proxies are read; empty: none.
  environment variables;
  /// Told of each wait, with a line for people. May be empty.
  std::function<void(std::string)> waits;
  /// Instead of sockets, for tests.
  http::dial_function dial;
};

/// What is asked of a registry.
struct question {
  std::string what;  ///< begins the messages: "manifest of registry.example/app:1"
  /// Path and query below the registry's address ("/v2/app/manifests/1"), or, in the middle of an upload, a whole URL.
  std::string target;
  scopes needed;
  http::request request;
  http::limits most;
  /// False: it is not sent a second time after a loss or an error of the server. A challenge is answered in any case, so
  /// a streamed body is for no question.
  bool repeats = true;
};

/// Used by several coroutines of one thread; must outlive their calls.
class host {
 public:
  host(std::string registry, host_settings settings, host_options options);
  ~host();
  host(const host&) = delete;
  host& operator=(const host&) = delete;

  /// The reply, whatever its status, after what is worth it was tried again, challenges were answered and redirections
  /// followed. Failures: errc::connection, timed_out, tls, protocol, limit, those of the login and of the token server.
  task<result<http::reply>> ask(question what);

  /// The URL of a Location header; std::nullopt where there is none, or it leads to plain http from https.
  std::optional<std::string> location_of(const http::reply& got, std::string_view asked) const;
  const std::string& name() const noexcept { return registry_; }

 private:
  struct held_token {
    std::string value;
    std::chrono::steady_clock::time_point until;
  };
  task<result<void>> find_place();
  task<result<http::reply>> send(http::url to, http::request what, http::limits most, bool repeats);
  task<result<std::string>> authorization(scopes needed);
  task<result<http::reply>> send_to_realm(http::url to, http::request what);
  void note_challenges(const http::reply& got);

  std::string registry_;
  host_settings settings_;
  host_options options_;
  std::unique_ptr<http::client> web_;
  /// For token servers that are other machines: an insecure registry does not make them so.
  std::unique_ptr<http::client> realm_web_;
  std::optional<http::url> place_;
  std::optional<challenge> challenge_;
  std::map<scopes, held_token> tokens_;
};

}  // namespace peelbox::registry
