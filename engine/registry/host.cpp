#include "engine/registry/host.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <random>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/async/sleep.hpp"
#include "engine/registry/refusal.hpp"

namespace peelbox::registry {
namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// A token that ends sooner is not used for another request.
constexpr auto margin = 10s;

double jitter() {
  static thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(source);
}

http::client_options web_options(const host_settings& settings, const host_options& options) {
  http::client_options web;
  web.tls = settings.tls;
  web.tls.verify = !settings.insecure;
  web.variables = options.variables;
  return web;
}

std::unique_ptr<http::client> make_web(http::client_options web, const http::dial_function& dial) {
  return dial ? std::make_unique<http::client>(std::move(web), dial) : std::make_unique<http::client>(std::move(web));
}

}  // namespace

host::host(std::string registry, host_settings settings, host_options options)
    : registry_(std::move(registry)), settings_(std::move(settings)), options_(std::move(options)) {
  web_ = make_web(web_options(settings_, options_), options_.dial);
  host_settings verified = settings_;
  verified.insecure = false;
  verified.tls.system_too = true;
  realm_web_ = make_web(web_options(verified, options_), options_.dial);
}
host::~host() = default;

task<result<http::reply>> host::send(http::url to, http::request what, http::limits most, bool repeats) {
  for (int tried = 1;; ++tried) {
    auto sending = web_->send(to, what, most);
    result<http::reply> got = co_await std::move(sending);
    std::optional<std::chrono::milliseconds> wait;
    if (repeats) wait = got.has_error() ? wait_after(options_.retry, tried, got.error(), jitter()) : wait_after(options_.retry, tried, *got, jitter());
    if (!wait) co_return got;
    if (options_.waits) {
      const std::string why = got.has_error() ? got.error().text : fmt::format("{}: HTTP status {}", to.where.text(), got->status);
      options_.waits(fmt::format("{}; trying again in {:.1f} s", why, static_cast<double>(wait->count()) / 1000));
    }
    if (co_await sleep_for(*wait) == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

void host::note_challenges(const http::reply& got) {
  std::vector<challenge> all;
  for (const auto& [name, value] : got.headers) {
    if (lower(name) != "www-authenticate") continue;
    for (challenge& one : parse_challenges(value)) all.push_back(std::move(one));
  }
  if (const challenge* wanted = choose(all)) challenge_ = *wanted;
}

task<result<void>> host::find_place() {
  if (place_) co_return result<void>();
  result<std::vector<http::url>> places = places_of(registry_, settings_);
  if (places.has_error()) co_return places.error();
  std::optional<failure> first;
  for (int tried = 1;; ++tried) {
    std::optional<std::chrono::milliseconds> wait;
    for (const http::url& place : *places) {
      auto sending = web_->send(place, {}, {});
      result<http::reply> got = co_await std::move(sending);
      if (got.has_error()) {
        if (!first) first = got.error();
        const auto again = wait_after(options_.retry, tried, got.error(), jitter());
        if (again) wait = again;
        continue;
      }
      // A server that speaks TLS only says 400 to plain requests; one that has no /v2/ is no registry.
      if (got->status == 404 || got->status == 400)
        co_return failure(errc::protocol, fmt::format("{} does not answer as a registry: HTTP status {} for {}", registry_, got->status, place.text()),
                          origin::peer);
      if (worth_retrying(got->status)) {
        first = refusal("registry " + registry_, registry_, *got);
        wait = wait_after(options_.retry, tried, *got, jitter());
        break;
      }
      note_challenges(*got);
      place_ = place;
      co_return result<void>();
    }
    if (!wait) co_return first->in("registry " + registry_);
    if (options_.waits) options_.waits(fmt::format("{}; trying again in {:.1f} s", first->text, static_cast<double>(wait->count()) / 1000));
    first.reset();
    if (co_await sleep_for(*wait) == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

task<result<http::reply>> host::send_to_realm(http::url to, http::request what) {
  http::client& web = place_ && to.where.host == place_->where.host ? *web_ : *realm_web_;
  for (int tried = 1;; ++tried) {
    auto sending = web.send(to, what, {});
    result<http::reply> got = co_await std::move(sending);
    const auto wait = got.has_error() ? wait_after(options_.retry, tried, got.error(), jitter()) : wait_after(options_.retry, tried, *got, jitter());
    if (!wait) co_return got;
    if (co_await sleep_for(*wait) == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

task<result<std::string>> host::authorization(scopes needed) {
  if (!challenge_) co_return std::string();
  if (challenge_->scheme == "bearer") {
    const auto held = tokens_.find(needed);
    if (held != tokens_.end() && held->second.until > clock::now()) co_return http::bearer_credentials(held->second.value);
  }
  docker::credentials login;
  if (options_.login) {
    auto looking = options_.login(address_of(registry_));
    result<docker::credentials> found = co_await std::move(looking);
    if (found.has_error()) co_return found.error();
    login = std::move(*found);
  }
  if (challenge_->scheme == "basic") {
    if (login.username.empty()) co_return std::string();
    co_return http::basic_credentials(login.username, login.secret);
  }
  token_question what;
  what.realm = challenge_->parameter("realm");
  what.service = challenge_->parameter("service");
  what.scopes = needed;
  auto fetching = fetch_token([this](http::url to, http::request asked) { return send_to_realm(std::move(to), std::move(asked)); }, what,
                              login, place_ && !place_->where.tls);
  result<token> got = co_await std::move(fetching);
  if (got.has_error()) co_return got.error();
  tokens_[needed] = {got->value, clock::now() + got->expires_in - margin};
  co_return http::bearer_credentials(got->value);
}

task<result<http::reply>> host::ask(question what) {
  result<void> found = co_await find_place();
  if (found.has_error()) co_return found.error().in(what.what);
  http::url to = *place_;
  if (what.target.starts_with('/')) {
    to.target = what.target;
  } else {
    result<http::url> whole = http::parse_url(what.target);
    if (whole.has_error()) co_return whole.error().in(what.what);
    to = std::move(*whole);
  }
  // A token is for the registry, not for where it stores its uploads.
  const bool ours = to.where == place_->where;
  scopes needed = merge(what.needed, {});
  for (bool again = false;; again = true) {
    http::request request = what.request;
    if (ours) {
      result<std::string> who = co_await authorization(needed);
      if (who.has_error()) co_return who.error().in(what.what);
      if (!who->empty()) request.headers.emplace_back("Authorization", *who);
    }
    auto sending = send(to, std::move(request), what.most, what.repeats);
    result<http::reply> got = co_await std::move(sending);
    if (got.has_error()) co_return got.error().in(what.what);
    if (got->status != 401 || again || !ours) co_return got;
    tokens_.erase(needed);
    note_challenges(*got);
    if (!challenge_) co_return got;
    if (const auto wanted = challenge_->parameter("scope"); !wanted.empty()) needed = merge(needed, {std::string(wanted)});
    tokens_.erase(needed);
  }
}

std::optional<std::string> host::location_of(const http::reply& got, std::string_view asked) const {
  const std::string_view location = got.header("location");
  if (location.empty() || !place_) return std::nullopt;
  http::url from = *place_;
  if (asked.starts_with('/')) from.target = asked;
  else if (auto whole = http::parse_url(asked); whole.has_value()) from = std::move(*whole);
  result<http::url> to = http::resolve(from, location);
  if (to.has_error() || (from.where.tls && !to->where.tls)) return std::nullopt;
  return to->text();
}

}  // namespace peelbox::registry
