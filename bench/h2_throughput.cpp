// Two connected ends on one thread: what HTTP/2 and gRPC cost for each byte, message and call.
//
// Sender and receiver share the core, so bytes per second are for both together, with the kernel's two copies when
// the stream is a socket. Environment: PEELBOX_BENCH_MIB (payload per iteration, default 256),
// PEELBOX_BENCH_WINDOW (stream window in KiB, default 4096), PEELBOX_BENCH_BUDGET (write budget in KiB, default 256).
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <stdexcept>

#include "engine/async/task_group.hpp"
#include "h2grpc/rpc/server.hpp"
#include "tests/support/memory_stream.hpp"
#include "transport/socket_stream.hpp"

namespace {

using namespace peelbox;
using namespace peelbox::h2grpc;

enum carrier { memory, unix_socket };

std::size_t from_environment(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::pair<transport::stream_ptr, transport::stream_ptr> make_streams(asio::io_context& io, carrier kind) {
  if (kind == memory) {
    peelbox::test::memory_end wide;
    wide.capacity = 1 << 20;
    auto pair = peelbox::test::make_memory_pair(io.get_executor(), wide, wide);
    return {std::move(pair.a), std::move(pair.b)};
  }
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) throw std::runtime_error("socketpair");
  const asio::generic::stream_protocol protocol(AF_UNIX, 0);
  return {transport::make_socket_stream(transport::stream_socket(io, protocol, fds[0]), "client"),
          transport::make_socket_stream(transport::stream_socket(io, protocol, fds[1]), "server")};
}

struct work {
  std::size_t streams = 1;
  std::size_t messages = 1;  // per stream
  std::size_t message_size = 1;
  bool unary = false;
};

task<grpc_status> drain(server_call& call) {
  while (true) {
    auto message = co_await call.receive();
    if (message.has_error() || !*message) break;
  }
  co_return make_status(code::ok);
}

task<result<void>> upload(connection& on, work w, byte_slice payload) {
  client_call call = on.open("/bench.Sink/Drain", {});
  for (std::size_t i = 0; i < w.messages; ++i) {
    auto sent = co_await call.send(byte_chain(payload));
    if (sent.has_error()) co_return sent;
  }
  call.half_close();
  const grpc_status status = co_await call.finish();
  if (!status.ok()) co_return failure(errc::internal, status.message);
  co_return result<void>();
}

task<result<void>> calls(connection& on, work w, byte_slice payload) {
  for (std::size_t i = 0; i < w.messages; ++i) {
    work one = w;
    one.messages = 1;
    auto done = co_await upload(on, one, payload);
    if (done.has_error()) co_return done;
  }
  co_return result<void>();
}

task<void> measure(asio::io_context& io, carrier kind, work w, byte_slice payload, bool& good) {
  logger quiet;
  method_table table;
  table.add("/bench.Sink/Drain", drain);
  connection_options options;
  options.stream_window = static_cast<std::uint32_t>(from_environment("PEELBOX_BENCH_WINDOW", 4096) << 10);
  options.write_budget = from_environment("PEELBOX_BENCH_BUDGET", 256) << 10;
  auto [a, b] = make_streams(io, kind);
  const auto client = connection::create(role::client, std::move(a), options, io.get_executor(), quiet);
  const auto server = connection::create(role::server, std::move(b), options, io.get_executor(), quiet);
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) -> task<result<void>> {
    asio::co_spawn(io, serve(server, table), asio::detached);
    asio::co_spawn(io, client->run(), asio::detached);
    for (std::size_t i = 0; i < w.streams; ++i)
      group.spawn(w.unary ? calls(*client, w, payload) : upload(*client, w, payload));
    co_return result<void>();
  };
  const auto done = co_await task_group::run(all);
  good = done.has_value();
  client->shutdown();
}

void run(benchmark::State& state, carrier kind, work w) {
  const byte_slice payload = byte_slice::of(std::string(w.message_size, 'x'));
  for (auto _ : state) {
    asio::io_context io;
    bool good = false;
    asio::co_spawn(io, measure(io, kind, w, payload, good), asio::detached);
    io.run();
    if (!good) state.SkipWithError("a call failed");
  }
  const auto total = static_cast<std::size_t>(state.iterations()) * w.streams * w.messages;
  state.SetBytesProcessed(static_cast<std::int64_t>(total * w.message_size));
  state.SetItemsProcessed(static_cast<std::int64_t>(total));
}

// Arguments: streams, message size in KiB.
void bulk(benchmark::State& state, carrier kind) {
  work w;
  w.streams = static_cast<std::size_t>(state.range(0));
  w.message_size = static_cast<std::size_t>(state.range(1)) << 10;
  w.messages = (from_environment("PEELBOX_BENCH_MIB", 256) << 20) / w.message_size / w.streams;
  run(state, kind, w);
}
BENCHMARK_CAPTURE(bulk, memory, memory)->ArgsProduct({{1, 8}, {32, 1024}})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bulk, unix, unix_socket)->ArgsProduct({{1, 8}, {32, 1024}})->Unit(benchmark::kMillisecond);

// Messages of 100 bytes in one call.
void small_messages(benchmark::State& state, carrier kind) { run(state, kind, {1, 100'000, 100, false}); }
BENCHMARK_CAPTURE(small_messages, unix, unix_socket)->Unit(benchmark::kMillisecond);

// Calls of one small message each, one after the other, and in 32 lanes.
void unary_calls(benchmark::State& state, carrier kind) {
  run(state, kind, {static_cast<std::size_t>(state.range(0)), 2000, 100, true});
}
BENCHMARK_CAPTURE(unary_calls, unix, unix_socket)->Arg(1)->Arg(32)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
