// A session service and a daemon that asks it, on one connection in memory.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "engine/async/task_group.hpp"
#include "engine/session/attachable.hpp"
#include "h2grpc/rpc/connection.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::test {

/// What the daemon does with its end.
using daemon_part = std::function<task<void>(std::shared_ptr<h2grpc::connection> daemon)>;

inline task<void> ask_service(session::attachable service, daemon_part part) {
  const logger log;
  const executor ex = co_await asio::this_coro::executor;
  memory_pair wire = make_memory_pair(ex);
  h2grpc::method_table methods;
  service(methods);
  auto client = h2grpc::connection::create(h2grpc::role::server, std::move(wire.b), {}, ex, log);
  auto daemon = h2grpc::connection::create(h2grpc::role::client, std::move(wire.a), {}, ex, log);
  auto all = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn([](std::shared_ptr<h2grpc::connection> c, const h2grpc::method_table& m) -> task<result<void>> {
      (void)co_await h2grpc::serve(c, m);
      co_return result<void>();
    }(client, methods));
    group.spawn([](std::shared_ptr<h2grpc::connection> c) -> task<result<void>> {
      (void)co_await c->run();
      co_return result<void>();
    }(daemon));
    co_await part(daemon);
    group.cancel();
    co_return result<void>();
  });
  EXPECT_TRUE(all.has_value());
}

}  // namespace peelbox::test
