#include "engine/docker/login_book.hpp"

#include <fmt/format.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "engine/async/event.hpp"
#include "engine/async/task_group.hpp"

namespace peelbox::docker {

namespace {

using namespace std::chrono_literals;

constexpr auto kept_for = 60s;
constexpr auto told_after = 5s;

}  // namespace

struct login_book::look_up {
  explicit look_up(executor ex) : ended(std::move(ex)) {}
  bool running = false;
  bool told = false;
  std::optional<result<credentials>> outcome;
  std::chrono::steady_clock::time_point since;
  asio::cancellation_signal stop;
  event ended;
};

login_book::login_book(config from, blocking_pool& pool, std::function<void(std::string)> waiting)
    : from_(std::move(from)), pool_(pool), waiting_(std::move(waiting)) {}

login_book::~login_book() {
  for (auto& [registry, one] : by_registry_)
    if (one->running) one->stop.emit(asio::cancellation_type::terminal);
}

task<result<credentials>> login_book::find(std::string host) {
  const executor ex = co_await asio::this_coro::executor;
  std::shared_ptr<look_up>& slot = by_registry_[registry_key(host)];
  if (!slot) slot = std::make_shared<look_up>(ex);
  const std::shared_ptr<look_up> one = slot;
  const bool fresh = one->outcome && std::chrono::steady_clock::now() - one->since < kept_for;
  if (!one->running && !fresh) {
    one->running = true;
    one->told = false;
    one->outcome.reset();
    auto work = find_credentials(host, from_, pool_);
    asio::co_spawn(ex, std::move(work),
                   asio::bind_cancellation_slot(one->stop.slot(), [one](std::exception_ptr thrown, result<credentials> r) {
                     if (const auto why = failure_of(thrown)) one->outcome.emplace(*why);
                     else one->outcome.emplace(std::move(r));
                     one->since = std::chrono::steady_clock::now();
                     one->running = false;
                     one->ended.notify();
                   }));
  }
  while (one->running) {
    const wake why = co_await one->ended.wait_for(told_after);
    if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    if (why == wake::timed_out && one->running && !std::exchange(one->told, true))
      waiting_(fmt::format("waiting for docker-credential-{}, which is asked for the login of {}: does it want a "
                           "password or a key?",
                           helper_of(from_, host), host));
  }
  co_return *one->outcome;
}

}  // namespace peelbox::docker
