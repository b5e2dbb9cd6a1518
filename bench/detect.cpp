// Detection, compared with a bare parallel walk of the same tree with as many threads. `bare/names` only lists, and detection
// needs no more for files that tell it nothing; `bare/stats` also calls statx for each entry. Settings: support.hpp.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "bench/bare_walk.hpp"
#include "bench/support.hpp"
#include "engine/detect/detect.hpp"
#include "engine/detect/scan.hpp"
#include "engine/detect/write.hpp"
#include "engine/filesync/context_filter.hpp"

namespace {

using namespace peelbox;

void bare(benchmark::State& state, bool stats) {
  const std::string tree = bench::all_trees().many();
  std::uint64_t entries = 0;
  for (auto _ : state) entries = bench::bare_walk(stats).run(tree, bench::threads());
  state.counters["entries"] = static_cast<double>(entries);
}
BENCHMARK_CAPTURE(bare, names, false)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bare, stats, true)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

detect::repository scanned() {
  filesync::context_source source;
  source.root = bench::all_trees().many();
  source.gitignore = true;
  source.dockerignore = ".dockerignore";
  source.exclude.push_back(".git");
  const auto opened = filesync::open_context(source, {});
  if (!opened) throw std::runtime_error(opened.error().text);
  detect::scan_options how;
  how.threads = bench::threads();
  auto files = detect::scan(opened->tree, opened->rules, how);
  if (!files) throw std::runtime_error(files.error().text);
  return std::move(*files);
}

/// The first phase alone.
void scan(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(scanned());
}
BENCHMARK(scan)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

/// Everything that `peelbox detect` does except printing.
void detection(benchmark::State& state) {
  std::size_t services = 0;
  for (auto _ : state) {
    detect::repository files = scanned();
    const auto found = detect::detect(files, {});
    if (!found) throw std::runtime_error(found.error().text);
    services = found->services.size();
    benchmark::DoNotOptimize(detect::services_json(*found));
  }
  state.counters["services"] = static_cast<double>(services);
}
BENCHMARK(detection)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
