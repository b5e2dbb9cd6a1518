#include <fmt/format.h>

#include "cli/pool/bring_up.hpp"
#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/heartbeat.hpp"
#include "cli/pool/tunnel.hpp"

namespace peelbox::cli::pool {

namespace {

task<result<void>> announce(std::shared_ptr<tunnel> through, const surroundings& with) {
  auto probing = through->probe();
  const result<void> answered = co_await std::move(probing);
  if (answered.has_error()) co_return answered.error();
  with.say(fmt::format("the tunnel to {} is up", through->target().set_name()));
  with.answer(through->address());
  co_return result<void>();
}

task<int> keep_open(std::shared_ptr<tunnel> through, const surroundings& with) {
  std::function<task<result<void>>(task_group&)> both = [&](task_group& group) -> task<result<void>> {
    group.spawn(through->run());
    return announce(through, with);
  };
  auto running = task_group::run(both);
  const result<void> ended = co_await std::move(running);
  co_return ended.has_error() ? told(ended.error(), with) : pool_ok;
}

}  // namespace

task<int> run_tunnel(pool_args_cptr args, const surroundings& with) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(args->wait_seconds);
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  const executor ex = co_await asio::this_coro::executor;
  // A port that is taken is told before a pod is started for it.
  tunnel_place at;
  at.port = args->port;
  result<std::shared_ptr<tunnel>> through = tunnel::listen(*pool, args->arch, at, ex);
  if (through.has_error()) co_return told(through.error(), with);
  const std::vector<std::string> archs(1, args->arch);
  auto bringing = bring_up(*pool, archs, until);
  const int up = co_await std::move(bringing);
  if (up != pool_ok) co_return up;
  auto beating = while_beating(*pool, archs, keep_open(*through, with));
  co_return co_await std::move(beating);
}

}  // namespace peelbox::cli::pool
