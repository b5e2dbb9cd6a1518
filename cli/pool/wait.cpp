#include "cli/pool/wait.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "cli/pool/decide.hpp"
#include "engine/async/task_group.hpp"
#include "engine/kubernetes/pool_hold.hpp"

namespace peelbox::cli::pool {

using kubernetes::pool_event;
using kubernetes::pool_pod;
using kubernetes::pool_set;
using std::chrono::steady_clock;

namespace {

/// Pods are watched; the set and its events are looked at when a pod changes, and this often.
constexpr std::chrono::seconds look_every{5};

/// What is known of one set that is waited for.
struct waited {
  waited(pool_view_ptr in, std::string which, const executor& ex) : pool(std::move(in)), arch(std::move(which)), changed(ex) {}

  pool_view_ptr pool;
  std::string arch;
  std::optional<std::vector<pool_pod>> pods;
  /// The server cannot be reached.
  std::optional<failure> trouble;
  bool may_read_events = true;
  kubernetes::hold_clock clock;
  std::string said;
  int code = pool_ok;
  bool fresh = false;  ///< something has changed since the last look
  event changed;

  void tell() {
    fresh = true;
    changed.notify();
  }

  void say(const std::string& words) {
    if (words != said) pool->with.say(words);
    said = words;
  }
};

task<result<void>> follow(waited& of, pool_set set) {
  std::function<bool(std::vector<pool_pod>)> look = [&of](std::vector<pool_pod> pods) {
    of.pods = std::move(pods);
    of.tell();
    return false;
  };
  std::function<void(const std::optional<failure>&)> trouble = [&of](const std::optional<failure>& why) {
    of.trouble = why;
    of.tell();
  };
  auto watching = of.pool->watch_pods(std::move(set), "", std::move(look), std::move(trouble));
  co_return co_await std::move(watching);
}

/// What the events tell of what the pods do not; none when they tell nothing or may not be read.
task<std::optional<pool_event>> ask_events(waited& of, const pool_set& set) {
  const std::string about = kubernetes::object_in_question(set, *of.pods);
  if (about.empty() || !of.may_read_events) co_return std::nullopt;
  kubernetes::object_path all{kubernetes::events(), of.pool->name_space(), "", ""};
  kubernetes::query_list selectors;
  selectors.emplace_back("fieldSelector", "involvedObject.uid=" + about);
  auto listing = of.pool->api.list(std::move(all), std::move(selectors));
  const result<boost::json::value> items = co_await std::move(listing);
  if (items.has_value()) co_return kubernetes::newest_event(*items);
  of.may_read_events = items.error().code != errc::permission;
  of.pool->with.log.info("what holds {} is known by its pods only: {}", set.name, items.error().text);
  co_return std::nullopt;
}

/// True when the wait is over, with its code in `of`.
task<result<bool>> judge(waited& of, const pool_set& set) {
  const auto failed = [&](const std::string& words) {
    of.pool->with.say("error: " + words);
    of.code = pool_not_done;
    return true;
  };
  if (std::any_of(of.pods->begin(), of.pods->end(), [](const pool_pod& pod) { return pod.usable; })) co_return true;
  if (set.replicas == 0) co_return failed(fmt::format("{} was scaled to 0 by somebody else while it was waited for", set.name));
  auto asking = ask_events(of, set);
  const std::optional<pool_event> told_by = co_await std::move(asking);
  const kubernetes::set_hold held = kubernetes::hold_of(*of.pods, told_by);
  if (of.clock.too_long(held.kind, of.may_read_events, steady_clock::now())) co_return failed(fmt::format("{} does not get ready: {}", set.name, held.why));
  of.say(fmt::format("waiting for {}: {}", set.name, held.why));
  co_return false;
}

task<result<void>> wait_for_one(waited& of, steady_clock::time_point until, task_group& group) {
  bool follows = false;
  for (;;) {
    of.fresh = false;
    auto asking = of.pool->set(of.arch);
    const result<pool_set> set = co_await std::move(asking);
    // A server that is started again takes connections before it answers on them. The wait has a limit of its own.
    if (set.has_error() && exit_of(set.error()) != pool_unreachable) co_return set.error();
    if (set.has_error()) of.trouble = set.error();
    if (set.has_value() && !follows) group.spawn(follow(of, *set));
    follows = follows || set.has_value();
    if (set.has_value() && of.pods) {
      auto judging = judge(of, *set);
      const result<bool> over = co_await std::move(judging);
      if (over.has_error()) co_return over.error();
      if (*over) {
        if (of.code != pool_ok) co_return failure(errc::cancelled, "");
        co_return result<void>();
      }
    }
    if (of.trouble) of.say("waiting for the API server: " + of.trouble->text);
    const auto left = until - steady_clock::now();
    if (left <= left.zero()) {
      if (of.trouble) co_return *of.trouble;
      of.pool->with.say(fmt::format("error: {}{} has no ready pod after {} s: {}", of.pool->args->prefix, of.arch, of.pool->args->wait_seconds,
                                    of.pods ? obstacles(*of.pods) : "its pods are not known"));
      of.code = pool_late;
      co_return failure(errc::cancelled, "");
    }
    if (set.has_value()) of.trouble.reset();
    if (of.fresh) continue;
    const wake woken = co_await of.changed.wait_for(std::min<steady_clock::duration>(left, look_every));
    if (woken == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

task<result<void>> wait_and_end(waited& of, steady_clock::time_point until, task_group& group) {
  auto waiting = wait_for_one(of, until, group);
  const result<void> done = co_await std::move(waiting);
  group.cancel();
  co_return done;
}

/// Ends its own watch, and not those of other sets.
task<result<void>> wait_for_set(waited& of, steady_clock::time_point until) {
  std::function<task<result<void>>(task_group&)> both = [&of, until](task_group& group) { return wait_and_end(of, until, group); };
  auto waiting = task_group::run(both);
  co_return co_await std::move(waiting);
}

}  // namespace

task<int> wait_for_pods(pool_view_ptr pool, std::vector<std::string> archs, steady_clock::time_point until) {
  const executor ex = co_await asio::this_coro::executor;
  std::vector<std::unique_ptr<waited>> sets;
  for (const std::string& arch : archs) sets.push_back(std::make_unique<waited>(pool, arch, ex));
  std::function<task<result<void>>(task_group&)> all = [&sets, until](task_group& group) -> task<result<void>> {
    for (const std::unique_ptr<waited>& one : sets) group.spawn(wait_for_set(*one, until));
    co_return result<void>();
  };
  auto waiting = task_group::run(all);
  const result<void> ended = co_await std::move(waiting);
  for (const std::unique_ptr<waited>& one : sets)
    if (one->code != pool_ok) co_return one->code;
  if (ended.has_error()) co_return told(ended.error(), pool->with);
  co_return pool_ok;
}

}  // namespace peelbox::cli::pool
