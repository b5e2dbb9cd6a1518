#include "engine/kubernetes/watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <random>
#include <utility>

#include "engine/async/sleep.hpp"

namespace peelbox::kubernetes {
namespace {

struct watched {
  kept_list list;
  watch_look look;
  bool enough = false;
  bool expired = false;
};

result<void> take(watched& of, const watch_event& event) {
  const result<kept_list::outcome> known = of.list.apply(event);
  if (known.has_error()) return known.error();
  of.expired = *known == kept_list::outcome::expired;
  if (*known == kept_list::outcome::changed) of.enough = of.look(of.list.items());
  // Not a failure that anybody sees: it ends the request.
  if (of.expired || of.enough) return failure(errc::cancelled, "the watch has ended");
  return {};
}

/// A server that is started again refuses, lets handshakes hang, and answers with 5xx for a while.
bool passes(const failure& why) {
  switch (why.code) {
    case errc::connection:
    case errc::closed:
    case errc::timed_out:
    case errc::tls:
    case errc::protocol:
    case errc::lost:
    case errc::limit: return why.who != origin::user;
    default: return false;
  }
}

task<void> rest(std::chrono::milliseconds pause) {
  std::uniform_real_distribution<double> jitter(0.75, 1.25);
  std::random_device source;
  const wake slept = co_await sleep_for(std::chrono::duration_cast<std::chrono::milliseconds>(pause * jitter(source)));
  if (slept == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace

task<result<void>> watch(client& api, object_path what, query_list selectors, watch_look look, watch_options how) {
  watched of{{}, std::move(look)};
  bool listed = false, may_watch = true, troubled = false;
  std::chrono::milliseconds pause = how.first_pause;
  for (;;) {
    const auto began = std::chrono::steady_clock::now();
    result<void> went;
    if (!listed) {
      auto listing_all = api.snapshot(what, selectors);
      result<listing> got = co_await std::move(listing_all);
      if (got.has_error()) went = got.error();
      else {
        if (troubled && how.trouble) how.trouble(std::nullopt);
        troubled = false;
        of.list.replace(std::move(got->items), std::move(got->version));
        if (of.look(of.list.items())) co_return result<void>();
        if (!may_watch) {
          co_await rest(how.poll);
          continue;
        }
        listed = true;
      }
    }
    if (listed) {
      of.expired = false;
      auto following = api.follow(what, selectors, of.list.version(), how.lasts, [&of](const watch_event& event) { return take(of, event); });
      went = co_await std::move(following);
      if (of.enough) co_return result<void>();
      if (went.has_error() && (went.error().code == errc::permission || went.error().code == errc::not_found)) {
        if (how.note) how.note(fmt::format("{}; it is asked every {} s instead", went.error().text, std::chrono::ceil<std::chrono::seconds>(how.poll).count()));
        may_watch = false;
      }
      // After a request that has ended as it should, the next one goes on from its last version.
      listed = went.has_value();
      if (of.expired || !may_watch || (went.has_error() && went.error().code == errc::lost)) went = result<void>();
    }
    if (went.has_error()) {
      if (!passes(went.error())) co_return went.error();
      troubled = true;
      if (how.trouble) how.trouble(went.error());
    }
    if (std::chrono::steady_clock::now() - began > how.longest_pause) pause = how.first_pause;
    co_await rest(pause);
    pause = std::min(pause * 2, how.longest_pause);
  }
}

}  // namespace peelbox::kubernetes
