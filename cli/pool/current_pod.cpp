#include "cli/pool/current_pod.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>
#include <vector>

#include "cli/pool/choose.hpp"
#include "cli/pool/decide.hpp"

namespace peelbox::cli::pool {

using kubernetes::pool_pod;

namespace {

constexpr std::chrono::seconds known_for{2};

struct reset_at_end {
  bool& flag;
  event& tell;
  ~reset_at_end() {
    flag = false;
    tell.notify();
  }
};

}  // namespace

void current_pod::failed(const std::string& pod) {
  if (!now_ || now_->pod != pod) return;
  failed_ = pod;
  looked_ = {};
}

task<result<current_pod::reached>> current_pod::get() {
  // Who asks meanwhile gets the same one.
  while (looking_) {
    const wake woken = co_await changed_.wait();
    if (woken == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
  const bool known = followed_ ? looked_ != std::chrono::steady_clock::time_point() : std::chrono::steady_clock::now() - looked_ <= known_for;
  if (!now_ || !known) {
    looking_ = true;
    const reset_at_end ended{looking_, changed_};
    auto asking = look();
    const result<void> done = co_await std::move(asking);
    if (done.has_error()) co_return done.error();
  }
  co_return *now_;
}

void current_pod::leave(const std::string& why) {
  pool_->with.say(fmt::format("{}: {}", now_->pod, why));
  before_ = now_->pod;
  now_.reset();
}

task<result<void>> current_pod::follow() {
  auto asking = pool_->set(arch_);
  const result<kubernetes::pool_set> set = co_await std::move(asking);
  result<void> ended;
  if (set.has_error()) ended = set.error();
  else {
    std::function<bool(std::vector<pool_pod>)> look = [this](std::vector<pool_pod> pods) {
      followed_ = true;
      if (!now_) return false;
      const auto same = std::find_if(pods.begin(), pods.end(), [&](const pool_pod& pod) { return pod.uid == now_->uid; });
      if (same == pods.end() || !same->usable) leave(same == pods.end() ? "it has gone" : same->why_not);
      return false;
    };
    std::function<void(const std::optional<failure>&)> trouble = [this](const std::optional<failure>& why) { followed_ = followed_ && !why; };
    auto watching = pool_->watch_pods(*set, "", std::move(look), std::move(trouble));
    ended = co_await std::move(watching);
  }
  // Then get() looks by itself, and tells what is wrong.
  followed_ = false;
  if (ended.has_error()) pool_->with.log.info("the pods of {} are not watched: {}", set_name(), ended.error().text);
  co_return result<void>();
}

task<result<void>> current_pod::look() {
  auto looking = pool_->look(arch_);
  result<seen_set> seen = co_await std::move(looking);
  if (seen.has_error()) co_return seen.error();
  std::vector<pool_pod>& pods = seen->pods;
  if (now_) {
    const auto same = std::find_if(pods.begin(), pods.end(), [&](const pool_pod& pod) { return pod.uid == now_->uid; });
    if (failed_.empty() && same != pods.end() && same->usable) {
      looked_ = std::chrono::steady_clock::now();
      co_return result<void>();
    }
    leave(same == pods.end() ? "it has gone" : same->usable ? "it does not answer" : same->why_not);
  }
  // One that does not answer is taken again when it is the only one: it may be a new pod of the old name.
  prefer_others(pods, failed_);
  failed_.clear();
  auto choosing = choose(pool_, pods);
  const std::optional<pool_pod> chosen = co_await std::move(choosing);
  if (!chosen) co_return failure(errc::not_found, fmt::format("{} has no pod that is ready: {}", seen->set.name, obstacles(pods)), origin::peer);
  result<std::shared_ptr<client::route>> way = pool_->route_to(chosen->name);
  if (way.has_error()) co_return way.error();
  now_ = reached{chosen->name, chosen->uid, std::move(*way)};
  looked_ = std::chrono::steady_clock::now();
  if (!std::exchange(before_, "").empty()) pool_->with.say(fmt::format("the tunnel leads to {} now", chosen->name));
  co_return result<void>();
}

}  // namespace peelbox::cli::pool
