// Walking a tree: the product's walk with 0 to 300 rules, compared with a bare parallel loop of getdents64 and statx on the
// same tree with as many threads. Settings: support.hpp.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

#include "bench/bare_walk.hpp"
#include "bench/support.hpp"
#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/walker.hpp"

namespace {

using namespace peelbox;
using namespace peelbox::filesync;

void rate(benchmark::State& state, std::uint64_t entries) {
  state.counters["entries/s"] = benchmark::Counter(static_cast<double>(entries), benchmark::Counter::kIsRate);
}

void bare(benchmark::State& state) {
  const std::string tree = bench::all_trees().many();
  std::uint64_t entries = 0;
  for (auto _ : state) entries += bench::bare_walk(true).run(tree, bench::threads());
  rate(state, entries);
}
BENCHMARK(bare)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

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
      if (*state == walker::state::run) entries += run.last - run.first;
      else co_await wake->wait();
    }
  }
  wake->close();
}

/// Argument: number of rules.
void walk(benchmark::State& state) {
  context_source source;
  source.root = bench::all_trees().many();
  source.exclude = bench::rules(static_cast<std::size_t>(state.range(0)));
  std::uint64_t entries = 0;
  for (auto _ : state) {
    asio::io_context io;
    blocking_pool pool(bench::threads());
    asio::co_spawn(io, walk_all(*open_context(source, {}), pool, entries), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
    io.run();
  }
  rate(state, entries);
}
BENCHMARK(walk)->Arg(0)->Arg(1)->Arg(30)->Arg(300)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
