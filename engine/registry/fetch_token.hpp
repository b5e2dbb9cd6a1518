// A token of a registry's token server.
#pragma once

#include <functional>

#include "engine/async/asio.hpp"
#include "engine/registry/token.hpp"

namespace peelbox::registry {

/// Sends a request and gives the reply, whatever its status.
using http_call = std::function<task<result<http::reply>>(http::url to, http::request what)>;

/// A login that is a ready token is given back as it is. Without a login the server is asked for an anonymous one; with one
/// by a form (OAuth 2.0), and where the server does not know that, by a query with the login as Basic. As
/// session/auth/authprovider of BuildKit does it. errc::permission and the like: what the server refuses; usage: a realm
/// without TLS on another machine, which a login is not sent to unless `plain_allowed`; failures of `call`.
task<result<token>> fetch_token(http_call call, token_question what, docker::credentials login, bool plain_allowed);

}  // namespace peelbox::registry
