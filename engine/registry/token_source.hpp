// Tokens for a daemon, fetched here so that the login stays here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/http/client.hpp"
#include "engine/registry/fetch_token.hpp"
#include "engine/registry/host_settings.hpp"
#include "engine/registry/retry.hpp"

namespace peelbox::registry {

struct token_source_options {
  /// How a registry's token server (HOST[:PORT]) is reached.
  std::function<result<host_settings>(std::string_view registry, std::string_view server)> settings;
  /// Where proxies are read; empty: none.
  environment variables;
  /// Fewer tries than for images: a daemon gives up after 30 s.
  retry_policy retry{3, std::chrono::milliseconds(500), std::chrono::milliseconds(4'000)};
  /// Instead of sockets, for tests.
  http::dial_function dial;
};

/// Keeps connections to token servers. Several calls of one thread at a time; must outlive them.
class token_source {
 public:
  explicit token_source(token_source_options options) : options_(std::move(options)) {}

  /// As fetch_token(), with tries again. At most 64 servers, else errc::limit: the realm comes from the daemon.
  task<result<token>> fetch(std::string registry, token_question what, docker::credentials login);

 private:
  task<result<http::reply>> send(http::client& web, http::url to, http::request what);

  token_source_options options_;
  std::map<std::string, std::unique_ptr<http::client>> servers_;  ///< by registry and server
};

}  // namespace peelbox::registry
