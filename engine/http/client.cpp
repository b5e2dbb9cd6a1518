#include "engine/http/client.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <list>
#include <map>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/async/event.hpp"
#include "engine/async/timeout.hpp"
#include "engine/http/connection.hpp"
#include "engine/http/origin_dial.hpp"

namespace peelbox::http {
namespace {

using clock = std::chrono::steady_clock;

struct idle_connection {
  std::unique_ptr<connection> on;
  clock::time_point since;
};

/// The connections to one origin.
struct origin_pool : std::enable_shared_from_this<origin_pool> {
  origin_pool(const executor& ex, clock::duration limit) : idle_limit(limit), changed(ex), due(ex) {}

  void keep(std::unique_ptr<connection> on) {
    idle.push_back({std::move(on), clock::now()});
    watch_idle();
  }
  /// The newest, which the server has most likely not closed; none when none is young enough.
  std::unique_ptr<connection> take_idle() {
    drop_old();
    if (idle.empty()) return nullptr;
    std::unique_ptr<connection> newest = std::move(idle.back().on);
    idle.pop_back();
    return newest;
  }

  const clock::duration idle_limit;
  std::size_t in_use = 0;
  event changed;

 private:
  void drop_old() {
    const auto oldest = clock::now() - idle_limit;
    while (!idle.empty() && idle.front().since <= oldest) idle.pop_front();
  }
  /// A connection may be a program that somebody waits for; it does not stay until the next request.
  void watch_idle() {
    if (watching || idle.empty()) return;
    watching = true;
    due.expires_at(idle.front().since + idle_limit);
    // The handler may already be queued when the pool goes.
    due.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->watching = false;
      self->drop_old();
      self->watch_idle();
    });
  }

  std::list<idle_connection> idle;  // the oldest first
  asio::steady_timer due;
  bool watching = false;
};

void remove_header(transport::http_headers& headers, std::string_view name) {
  std::erase_if(headers, [&](const auto& one) { return lower(one.first) == name; });
}

/// The request behind a redirection; std::nullopt when it is not followed.
std::optional<url> follow(const url& from, const reply& got, request& what) {
  const std::string_view location = got.header("location");
  const bool plain = what.method == "GET" || what.method == "HEAD";
  const bool repeats = got.status == 307 || got.status == 308;
  if (location.empty() || (got.status != 301 && got.status != 302 && got.status != 303 && !repeats)) return std::nullopt;
  if (!plain && got.status != 303 && (!repeats || what.streamed)) return std::nullopt;
  result<url> next = resolve(from, location);
  if (next.has_error() || (from.where.tls && !next->where.tls)) return std::nullopt;
  if (got.status == 303 && !plain) {
    what.method = "GET";
    what.body.clear();
    what.streamed = nullptr;
    remove_header(what.headers, "content-type");
  }
  if (next->where != from.where) {
    remove_header(what.headers, "authorization");
    remove_header(what.headers, "cookie");
  }
  return std::move(*next);
}

}  // namespace

struct client::state {
  client_options options;
  dial_function dial;
  std::map<std::string, std::shared_ptr<origin_pool>> pools;
  transport::tls_setup_ptr tls;

  task<result<transport::stream_ptr>> open(origin_address to, std::optional<proxy> through);
  task<result<reply>> once(url to, request what, limits most);
  /// Gives an idle connection, or none; waits while too many are in use.
  task<std::unique_ptr<connection>> take(origin_pool& pool, bool fresh);
};

client::client(client_options options) : client(std::move(options), nullptr) {}
client::client(client_options options, dial_function dial) : state_(std::make_unique<state>()) {
  state_->options = std::move(options);
  state_->options.tls.protocol = "http/1.1";
  state_->dial = std::move(dial);
}
client::~client() = default;

task<result<transport::stream_ptr>> client::state::open(origin_address to, std::optional<proxy> through) {
  if (dial) {
    auto dialling = dial(to);
    co_return co_await std::move(dialling);
  }
  if (!tls && (to.tls || (through && through->where.tls))) {
    result<transport::tls_setup_ptr> made = transport::prepare_tls(options.tls);
    if (made.has_error()) co_return made.error();
    tls = *made;
  }
  origin_dial how;
  how.tls = tls;
  how.proxy_tls = tls;
  how.through = std::move(through);
  how.limits = options.dial;
  auto dialling = dial_origin(std::move(to), std::move(how));
  co_return co_await std::move(dialling);
}

task<std::unique_ptr<connection>> client::state::take(origin_pool& pool, bool fresh) {
  while (pool.in_use >= options.connections_per_origin) {
    const wake why = co_await pool.changed.wait();
    if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
  ++pool.in_use;
  if (fresh) co_return nullptr;
  std::unique_ptr<connection> kept = pool.take_idle();
  co_return kept;
}

task<result<reply>> client::state::once(url to, request what, limits most) {
  std::optional<proxy> through;
  if (!dial && options.variables) {
    result<std::optional<proxy>> found = find_proxy(to.where, options.variables);
    if (found.has_error()) co_return found.error();
    through = std::move(*found);
  }
  what.host = to.where.host_header();
  what.target = to.target;
  if (through && !to.where.tls) {
    // A plain request goes to the proxy itself, with the whole URL (RFC 9112, 3.2.2).
    what.target = to.text();
    add_proxy_credentials(*through, what.headers);
  }
  std::shared_ptr<origin_pool>& pool = pools[to.where.text()];
  const executor ex = co_await asio::this_coro::executor;
  if (!pool) pool = std::make_shared<origin_pool>(ex, options.idle_limit);
  struct place {
    origin_pool& of;
    ~place() {
      --of.in_use;
      of.changed.notify();
    }
  };
  for (bool fresh = false;; fresh = true) {
    std::unique_ptr<connection> on = co_await take(*pool, fresh);
    const place held{*pool};
    const bool kept = on != nullptr;
    if (!on) {
      auto opening = open(to.where, through);
      result<transport::stream_ptr> stream = co_await std::move(opening);
      if (stream.has_error()) co_return stream.error();
      on = std::make_unique<connection>(std::move(*stream));
    }
    auto work = on->exchange(what, most);
    result<reply> got = co_await std::move(work);
    if (got.has_error() && kept && on->went_unanswered() && !what.streamed && got.error().code == errc::connection) continue;
    if (got.has_value() && on->reusable()) pool->keep(std::move(on));
    co_return got;
  }
}

task<result<reply>> client::send(url to, request what, limits most) {
  for (int left = state_->options.redirections;; --left) {
    auto work = state_->once(to, what, most);
    result<reply> got = co_await std::move(work);
    if (got.has_error()) co_return got;
    if (state_->options.redirections == 0) co_return got;
    std::optional<url> next = follow(to, *got, what);
    if (!next) co_return got;
    if (left == 0)
      co_return failure(errc::protocol, fmt::format("{}: too many redirections, more than {}", to.text(), state_->options.redirections),
                        origin::peer);
    to = std::move(*next);
  }
}

}  // namespace peelbox::http
