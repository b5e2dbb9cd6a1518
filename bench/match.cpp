// Deciding whether one path of a directory matches a list of 0 to 300 patterns, and compiling the list.
#include <benchmark/benchmark.h>

#include "bench/support.hpp"
#include "engine/filesync/pattern.hpp"

namespace {

using namespace peelbox;
using namespace peelbox::filesync;

void match(benchmark::State& state) {
  const auto set = pattern_set::compile(bench::rules(static_cast<std::size_t>(state.range(0))));
  std::vector<std::string> paths;
  for (int i = 0; i < 1000; ++i) paths.push_back("pkg/mod" + std::to_string(i % 10) + "/file" + std::to_string(i) + ".js");
  pattern_set::parent_info above;
  pattern_set::parent_info parent;
  pattern_set::parent_info info;
  set->matches("pkg", above, parent);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(set->matches(paths[i++ % paths.size()], parent, info));
}
BENCHMARK(match)->Arg(0)->Arg(1)->Arg(30)->Arg(300);

void compile(benchmark::State& state) {
  const auto lines = bench::rules(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(pattern_set::compile(lines));
}
BENCHMARK(compile)->Arg(1)->Arg(30)->Arg(300)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
