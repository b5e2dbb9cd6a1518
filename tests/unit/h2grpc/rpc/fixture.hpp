// Two connections over a memory stream, and handlers that tests use.
#pragma once

#include <gtest/gtest.h>

#include "engine/async/task_group.hpp"
#include "h2grpc/rpc/server.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::h2grpc::test {

using peelbox::test::make_memory_pair;
using peelbox::test::memory_end;
using peelbox::test::memory_pair;
using peelbox::test::run_task;

inline byte_chain chain_of(std::string text) {
  byte_chain chain;
  chain.append(byte_slice::of(std::move(text)));
  return chain;
}

/// Sends every message back.
inline task<grpc_status> echo(server_call& call) {
  while (true) {
    auto message = co_await call.receive();
    if (message.has_error()) co_return make_status(code::aborted, message.error().text);
    if (!*message) co_return make_status(code::ok);
    byte_chain reply;
    reply.append(**message);
    auto sent = co_await call.send(std::move(reply));
    if (sent.has_error()) co_return make_status(code::aborted, sent.error().text);
  }
}

/// Client and server back to back. `body` runs with the client; then the client shuts down and both must end.
class pair_of_connections {
 public:
  explicit pair_of_connections(asio::io_context& io, memory_end client_end = {}, memory_end server_end = {},
                               connection_options client_options = {}, connection_options server_options = {})
      : streams(make_memory_pair(io.get_executor(), client_end, server_end)) {
    client_options.name = "client";
    server_options.name = "server";
    client = connection::create(role::client, std::move(streams.a), client_options, io.get_executor(), log);
    server = connection::create(role::server, std::move(streams.b), server_options, io.get_executor(), log);
  }

  using client_body = std::function<task<void>(connection&)>;

  task<void> run(client_body body) {
    std::function<task<result<void>>(task_group&)> all = [&](task_group& group) {
      group.spawn(run_server());
      group.spawn(run_client());
      return run_body(body);
    };
    const result<void> outcome = co_await task_group::run(std::move(all));
    EXPECT_TRUE(outcome.has_value()) << (outcome.has_error() ? outcome.error().text : "");
  }

  logger log;
  method_table table;
  memory_pair streams;
  std::shared_ptr<connection> client;
  std::shared_ptr<connection> server;
  std::optional<failure> client_ended;
  std::optional<failure> server_ended;

 private:
  task<result<void>> run_server() {
    server_ended = co_await serve(server, table);
    co_return result<void>();
  }
  task<result<void>> run_client() {
    client_ended = co_await client->run();
    co_return result<void>();
  }
  task<result<void>> run_body(client_body& body) {
    co_await body(*client);
    client->shutdown();
    co_return result<void>();
  }
};

}  // namespace peelbox::h2grpc::test
