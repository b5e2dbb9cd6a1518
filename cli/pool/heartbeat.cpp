#include "cli/pool/heartbeat.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/json/object.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "engine/async/sleep.hpp"
#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"

namespace peelbox::cli::pool {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds heartbeat_patience{5};

struct pulse {
  pool_view_ptr pool;
  std::vector<std::string> archs;
  std::set<std::string> complained;
};
using pulse_ptr = std::shared_ptr<pulse>;

task<result<void>> beat(pulse_ptr of) {
  for (const std::string& arch : of->archs) {
    json::object what{{"metadata", of->pool->activity()}};
    auto changing = of->pool->change(arch, json::value(std::move(what)), "");
    auto limited = with_timeout(std::move(changing), heartbeat_patience, fmt::format("no answer within {} s", heartbeat_patience.count()));
    const result<kubernetes::pool_set> done = co_await std::move(limited);
    if (done.has_value()) of->complained.erase(arch);
    else if (of->complained.insert(arch).second)
      of->pool->with.say(fmt::format("warning: {}{} may be scaled down during the build, because it could not be noted: {}",
                                     of->pool->args->prefix, arch, done.error().text));
  }
  co_return result<void>();
}

task<result<void>> beat_on(pulse_ptr of) {
  const std::chrono::seconds period(of->pool->args->heartbeat_seconds);
  for (;;) {
    auto once = beat(of);
    const result<void> done = co_await std::move(once);
    if (done.has_error()) co_return done;
    const wake slept = co_await sleep_for(period);
    if (slept == wake::cancelled) co_return result<void>();
  }
}

task<result<void>> run(task<int> work, int& code, task_group& group) {
  code = co_await std::move(work);
  group.cancel();
  co_return result<void>();
}

}  // namespace

task<int> while_beating(pool_view_ptr pool, std::vector<std::string> archs, task<int> work) {
  const executor ex = co_await asio::this_coro::executor;
  auto of = std::make_shared<pulse>(pulse{pool, std::move(archs), {}});
  int code = 0;
  task_group group(ex);
  group.spawn(beat_on(of));
  group.spawn(run(std::move(work), code, group));
  const wake why = co_await group.join();
  auto last = beat(of);
  const result<void> noted = co_await std::move(last);
  if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  group.rethrow();
  if (noted.has_error()) co_return told(noted.error(), pool->with);
  co_return code;
}

}  // namespace peelbox::cli::pool
