// Sending trees over an in-memory channel, walking them and matching patterns.
//   PEELBOX_BENCH_TREE   a directory to walk instead of the generated one
//   PEELBOX_BENCH_FILES  files of the generated tree (100000)
//   PEELBOX_BENCH_MIB    size of the large file (1024)
//   PEELBOX_BENCH_THREADS  pool threads (4)
#include <benchmark/benchmark.h>

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "engine/async/task_group.hpp"
#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/receiver.hpp"
#include "engine/filesync/sender.hpp"
#include "engine/filesync/walker.hpp"
#include "tests/support/packet_pipe.hpp"

namespace {

using namespace peelbox;            // NOLINT
using namespace peelbox::filesync;  // NOLINT
namespace fs = std::filesystem;

std::size_t setting(const char* name, std::size_t fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : std::strtoull(value, nullptr, 10);
}

unsigned threads() { return static_cast<unsigned>(setting("PEELBOX_BENCH_THREADS", 4)); }

// Trees made once and removed at the end of the program.
class trees {
 public:
  ~trees() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  std::string many() {
    if (const char* given = std::getenv("PEELBOX_BENCH_TREE")) return given;
    const fs::path dir = root_ / "many";
    if (fs::exists(dir)) return dir;
    const std::size_t files = setting("PEELBOX_BENCH_FILES", 100'000);
    for (std::size_t i = 0; i < files; ++i) {
      const fs::path sub = dir / ("pkg" + std::to_string(i / 1000)) / ("mod" + std::to_string(i / 20 % 50));
      if (i % 20 == 0) fs::create_directories(sub);
      std::ofstream(sub / ("file" + std::to_string(i) + ".js")) << std::string(i % 2000, 'x');
    }
    return dir;
  }
  std::string large() {
    const fs::path dir = root_ / "large";
    if (fs::exists(dir)) return dir;
    fs::create_directories(dir);
    std::ofstream out(dir / "file", std::ios::binary);
    const std::string block(1 << 20, 'x');
    for (std::size_t i = setting("PEELBOX_BENCH_MIB", 1024); i > 0; --i) out << block;
    return dir;
  }

 private:
  fs::path root_ = fs::temp_directory_path() / ("peelbox-bench-" + std::to_string(::getpid()));
};

trees& all_trees() {
  static trees t;
  return t;
}

task<void> walk_all(opened_context context, blocking_pool& pool, std::uint64_t& entries) {
  const executor ex = co_await asio::this_coro::executor;
  auto wake = std::make_shared<wakeup>(ex);
  {
    walker w(context.tree, context.rules, pool, wake, {});
    walk_run run;
    while (true) {
      const auto state = w.poll(run);
      if (!state) throw std::runtime_error(state.error().text);
      if (*state == walker::state::end) break;
      if (*state == walker::state::run) {
        entries += run.last - run.first;
      } else {
        co_await wake->wait();
      }
    }
  }
  wake->close();
}

std::vector<std::string> rules(std::size_t count) {
  std::vector<std::string> lines;
  const char* kinds[] = {"**/*.tmp{}", "**/cache{}", "build{}/**", "*.log{}", "docs/*/out{}"};
  for (std::size_t i = 0; i < count; ++i) {
    std::string line = kinds[i % 5];
    line.replace(line.find("{}"), 2, std::to_string(i));
    lines.push_back(line);
  }
  return lines;
}

void walk(benchmark::State& state) {
  context_source source;
  source.root = all_trees().many();
  source.exclude = rules(static_cast<std::size_t>(state.range(0)));
  std::uint64_t entries = 0;
  for (auto _ : state) {
    asio::io_context io;
    blocking_pool pool(threads());
    asio::co_spawn(io, walk_all(*open_context(source, {}), pool, entries), asio::detached);
    io.run();
  }
  state.counters["entries/s"] = benchmark::Counter(static_cast<double>(entries), benchmark::Counter::kIsRate);
}
BENCHMARK(walk)->Arg(0)->Arg(1)->Arg(30)->Arg(300)->UseRealTime()->MeasureProcessCPUTime()->Unit(
    benchmark::kMillisecond);

// Asks for everything and throws it away.
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

void match(benchmark::State& state) {
  const auto set = pattern_set::compile(rules(static_cast<std::size_t>(state.range(0))));
  std::vector<std::string> paths;
  for (int i = 0; i < 1000; ++i)
    paths.push_back("pkg" + std::to_string(i % 10) + "/mod/file" + std::to_string(i) + ".js");
  pattern_set::parent_info parent;
  pattern_set::parent_info above;
  pattern_set::parent_info info;
  set->matches("pkg", above, parent);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(set->matches(paths[i++ % paths.size()], parent, info));
}
BENCHMARK(match)->Arg(1)->Arg(30)->Arg(300);

}  // namespace

BENCHMARK_MAIN();
