#include "engine/registry/token_source.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/sleep.hpp"

namespace peelbox::registry {
namespace {

constexpr std::size_t most_servers = 64;

}  // namespace

task<result<http::reply>> token_source::send(http::client& web, http::url to, http::request what) {
  for (int tried = 1;; ++tried) {
    auto sending = web.send(to, what, {});
    result<http::reply> got = co_await std::move(sending);
    const auto wait = got.has_error() ? wait_after(options_.retry, tried, got.error(), 0.5) : wait_after(options_.retry, tried, *got, 0.5);
    if (!wait) co_return got;
    if (co_await sleep_for(*wait) == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

task<result<token>> token_source::fetch(std::string registry, token_question what, docker::credentials login) {
  result<http::url> realm = realm_url(what);
  if (realm.has_error()) co_return realm.error();
  host_settings settings;
  if (options_.settings) {
    result<host_settings> found = options_.settings(registry, realm->where.host_header());
    if (found.has_error()) co_return found.error();
    settings = std::move(*found);
  }
  const std::string key = registry + " " + realm->where.text();
  if (servers_.size() >= most_servers && !servers_.contains(key))
    co_return failure(errc::limit, "more than 64 token servers for one build", origin::peer);
  std::unique_ptr<http::client>& web = servers_[key];
  if (!web) {
    http::client_options options;
    options.tls = settings.tls;
    options.tls.verify = !settings.insecure;
    options.variables = options_.variables;
    web = options_.dial ? std::make_unique<http::client>(std::move(options), options_.dial) : std::make_unique<http::client>(std::move(options));
  }
  http::client& by = *web;
  auto fetching = fetch_token([this, &by](http::url to, http::request asked) { return send(by, std::move(to), std::move(asked)); },
                              std::move(what), std::move(login), settings.insecure);
  co_return co_await std::move(fetching);
}

}  // namespace peelbox::registry
