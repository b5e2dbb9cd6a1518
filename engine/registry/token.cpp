#include "engine/registry/token.hpp"

#include <fmt/format.h>

#include <time.h>

#include <algorithm>

#include "engine/async/percent.hpp"
#include "engine/data/json.hpp"

namespace peelbox::registry {
namespace {

constexpr std::size_t longest_answer = 1 << 20;
constexpr std::chrono::seconds longest_life = std::chrono::hours(24 * 365);

std::string encoded(std::string_view text) {
  return percent_encoded(text, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; });
}

void add(std::string& to, std::string_view key, std::string_view value) {
  if (!to.empty()) to += '&';
  to += fmt::format("{}={}", key, encoded(value));
}

}  // namespace

result<http::url> realm_url(const token_question& what) {
  auto url = http::parse_url(what.realm);
  if (url.has_error()) return failure(errc::protocol, "the realm of its challenge: " + url.error().text, origin::peer);
  return url;
}

result<http::url> question_url(const token_question& what) {
  auto url = realm_url(what);
  if (url.has_error()) return url;
  std::string query;
  if (!what.service.empty()) add(query, "service", what.service);
  for (const std::string& scope : what.scopes) add(query, "scope", scope);
  if (!query.empty()) url->target += (url->target.find('?') == std::string::npos ? "?" : "&") + query;
  return url;
}

http::request question_form(const token_question& what, const docker::credentials& login) {
  std::string form;
  add(form, "client_id", what.client_id);
  if (login.username.empty()) {
    add(form, "grant_type", "refresh_token");
    add(form, "refresh_token", login.secret);
  } else {
    add(form, "grant_type", "password");
    add(form, "username", login.username);
    add(form, "password", login.secret);
  }
  if (!what.service.empty()) add(form, "service", what.service);
  std::string scope;
  for (const std::string& one : what.scopes) scope += (scope.empty() ? "" : " ") + one;
  if (!scope.empty()) add(form, "scope", scope);
  http::request request;
  request.method = "POST";
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = std::move(form);
  return request;
}

bool form_is_unknown(int status, const docker::credentials& login) noexcept {
  return status == 404 || status == 401 || (status == 405 && !login.username.empty());
}

result<token> parse_token(std::string_view body) {
  const auto wrong = [](std::string_view why) {
    return failure(errc::protocol, fmt::format("the token server's answer {}", why), origin::peer);
  };
  const auto tree = data::parse_json(body, "token", {longest_answer, 16});
  if (tree.has_error()) return wrong("is not JSON");
  token got;
  got.value = data::text_of(*tree, "token");
  if (got.value.empty()) got.value = data::text_of(*tree, "access_token");
  if (got.value.empty()) return wrong("holds no token");
  // It becomes a header.
  if (std::any_of(got.value.begin(), got.value.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return wrong("holds a token with characters that no header may have");
  if (const auto* life = data::member(*tree, "expires_in"); life != nullptr && life->is_number()) {
    boost::system::error_code error;
    const auto seconds = life->to_number<std::int64_t>(error);
    if (!error && seconds > 0) got.expires_in = std::min(std::chrono::seconds(seconds), longest_life);
  }
  got.issued_at = data::text_of(*tree, "issued_at");
  return got;
}

std::optional<std::chrono::system_clock::time_point> issue_time(const std::string& text) {
  std::tm parts{};
  const char* const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || !text.ends_with('Z')) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace peelbox::registry
