// Sending trees over an in-memory channel, without HTTP/2. Settings: support.hpp.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "bench/support.hpp"
#include "engine/async/task_group.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/receiver.hpp"
#include "engine/filesync/sender.hpp"
#include "tests/support/packet_pipe.hpp"

namespace {

using namespace peelbox;            // NOLINT
using namespace peelbox::filesync;  // NOLINT

using bench::all_trees;
using bench::threads;

// Asks for everything and discards it.
task<result<void>> swallow(packet_channel& channel, bool request) {
  std::uint32_t id = 0;
  std::size_t wanted = 0;
  bool listed = false;
  while (true) {
    result<std::optional<byte_slice>> message = co_await channel.receive();
    if (!message || !*message) co_return result<void>();
    const result<packet> p = decode_packet((*message)->view());
    if (p->type == packet_type::fin) co_return result<void>();
    if (p->type == packet_type::error) co_return failure(errc::io, std::string(p->text()));
    if (p->type == packet_type::stat && !p->has_entry) listed = true;
    if (p->type == packet_type::stat && p->has_entry) {
      if (request && p->entry.has_data()) {
        ++wanted;
        byte_chain packet = request_packet(id);
        result<void> sent = co_await channel.send(std::move(packet));
        if (!sent) co_return sent;
      }
      ++id;
    }
    if (p->type == packet_type::data && p->data.empty()) --wanted;
    if (listed && wanted == 0) {
      listed = false;
      byte_chain packet = fin_packet();
      result<void> sent = co_await channel.send(std::move(packet));
      if (!sent) co_return sent;
    }
  }
}

task<result<void>> send(std::shared_ptr<context_source> source, packet_channel& channel, blocking_pool& pool,
                        transfer_stats& stats) {
  auto sending = send_tree(std::move(source), {}, channel, pool, stats);
  result<transfer_stats> sent = co_await std::move(sending);
  if (!sent) co_return sent.error();
  co_return result<void>();
}

void run_transfer(benchmark::State& state, const std::string& root, bool request,
                  const std::string& destination = "") {
  transfer_stats stats;
  for (auto _ : state) {
    asio::io_context io;
    blocking_pool pool(threads());
    test::packet_pipe pipe(io.get_executor(), 256);
    auto source = std::make_shared<context_source>();
    source->root = root;
    transfer_stats received;
    asio::co_spawn(io, task_group::run([&](task_group& group) {
                     group.spawn(destination.empty()
                                     ? swallow(pipe.second(), request)
                                     : receive_tree(destination, pipe.second(), pool, received));
                     return send(source, pipe.first(), pool, stats);
                   }),
                   [&](std::exception_ptr, result<void> r) {
                     if (!r) state.SkipWithError(r.error().text.c_str());
                   });
    io.run();
  }
  state.counters["entries/s"] =
      benchmark::Counter(static_cast<double>(stats.entries()), benchmark::Counter::kIsRate);
  state.counters["bytes/s"] = benchmark::Counter(static_cast<double>(stats.bytes_transferred),
                                                 benchmark::Counter::kIsRate, benchmark::Counter::kIs1024);
}

void send_large(benchmark::State& state) { run_transfer(state, all_trees().large(), true); }
void send_list(benchmark::State& state) { run_transfer(state, all_trees().many(), false); }
void send_many(benchmark::State& state) { run_transfer(state, all_trees().many(), true); }
void copy_large(benchmark::State& state) {
  run_transfer(state, all_trees().large(), true, all_trees().large() + "-copy");
}
BENCHMARK(send_large)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(send_list)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(send_many)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(copy_large)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
