#include "engine/registry/fetch_token.hpp"

#include <fmt/format.h>

#include "engine/registry/host_settings.hpp"
#include "engine/registry/refusal.hpp"

namespace peelbox::registry {
namespace {

result<token> token_of(const http::url& from, const http::reply& got) {
  const std::string what = "token server " + from.where.text();
  if (!got.ok()) return refusal(what, from.where.host_header(), got);
  result<token> parsed = parse_token(got.body);
  if (parsed.has_error()) return parsed.error().in(what);
  return parsed;
}

}  // namespace

task<result<token>> fetch_token(http_call call, token_question what, docker::credentials login, bool plain_allowed) {
  if (!login.registry_token.empty()) co_return token{login.registry_token, std::chrono::seconds(60), {}};
  result<http::url> realm = realm_url(what);
  if (realm.has_error()) co_return realm.error();
  const bool known = !login.secret.empty();
  if (known && !realm->where.tls && !plain_allowed && !is_loopback(realm->where.host_header()))
    co_return failure(errc::permission,
                      fmt::format("token server {}: the registry wants the login to be sent there without TLS, which everybody on the "
                                  "way could read",
                                  realm->where.text()),
                      origin::peer);
  if (known) {
    http::request form = question_form(what, login);
    auto asking = call(*realm, std::move(form));
    result<http::reply> got = co_await std::move(asking);
    if (got.has_error()) co_return got.error();
    if (got->ok() || !form_is_unknown(got->status, login)) co_return token_of(*realm, *got);
  }
  result<http::url> url = question_url(what);
  if (url.has_error()) co_return url.error();
  http::request query;
  if (known) query.headers.emplace_back("Authorization", http::basic_credentials(login.username, login.secret));
  auto asking = call(*url, std::move(query));
  result<http::reply> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  co_return token_of(*realm, *got);
}

}  // namespace peelbox::registry
