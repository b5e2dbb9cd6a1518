// How a token server is asked and what it answers. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/docker/credentials.hpp"
#include "engine/http/message.hpp"
#include "engine/http/url.hpp"
#include "engine/registry/scope.hpp"

namespace peelbox::registry {

/// What the challenge said and what is needed.
struct token_question {
  std::string realm;
  std::string service;
  registry::scopes scopes;
  std::string client_id = "peelbox";
};

/// Secret: never log it.
struct token {
  std::string value;
  std::chrono::seconds expires_in{60};  ///< the default of the token specification
  std::string issued_at;                ///< RFC 3339 as the server says it; empty: it does not
};

/// The realm with service and scopes in its query (token specification); errc::protocol, of the peer, for no URL.
result<http::url> question_url(const token_question& what);
/// The realm alone, for the form.
result<http::url> realm_url(const token_question& what);
/// OAuth 2.0: a password, or, without a user name, an identity token (docs/spec/auth/oauth.md of the distribution project).
http::request question_form(const token_question& what, const docker::credentials& login);
/// Some servers know the query only, and say so in several ways: GCR with 404, JFrog with 401, others with 405 (which means
/// that only for a user name and password). As containerd's docker/auth.
bool form_is_unknown(int status, const docker::credentials& login) noexcept;

/// RFC 3339 with "Z"; std::nullopt for anything else.
std::optional<std::chrono::system_clock::time_point> issue_time(const std::string& text);

/// "token" or "access_token". errc::protocol for anything else; the text never quotes the reply.
result<token> parse_token(std::string_view body);

}  // namespace peelbox::registry
