// What showing a large build costs: all events of one build through the trace alone and through each renderer.
//
// Environment: PEELBOX_BENCH_VERTICES (default 5000), PEELBOX_BENCH_LINES (log lines, default 100000),
// PEELBOX_BENCH_PARALLEL (steps that run at once, default 8). Time is that of a whole build; the aim is well under 100 ms.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "engine/progress/renderer.hpp"

namespace {

using namespace peelbox::progress;
using namespace std::chrono_literals;

std::size_t from_environment(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

constexpr wall_time start{std::chrono::hours(24 * 365 * 54)};

struct recorded {
  std::vector<batch> batches;  // 100 ms apart
  std::int64_t lines = 0;
};

// Steps start in waves; each wave prints its lines in several messages, in turn, and completes.
const recorded& build() {
  static const recorded made = [] {
    const std::size_t vertices = from_environment("PEELBOX_BENCH_VERTICES", 5000);
    const std::size_t lines = from_environment("PEELBOX_BENCH_LINES", 100'000);
    const std::size_t parallel = std::max<std::size_t>(from_environment("PEELBOX_BENCH_PARALLEL", 8), 1);
    const std::size_t per_step = lines / vertices;
    recorded out;
    wall_time now = start;
    for (std::size_t first = 0; first < vertices; first += parallel) {
      const std::size_t end = std::min(first + parallel, vertices);
      const auto name = [](std::size_t i) {
        std::string digits = std::to_string(i);
        return "sha256:" + std::string(64 - digits.size(), 'a') + digits;
      };
      batch begin;
      batch middle;
      batch ended;
      for (std::size_t i = first; i < end; ++i) {
        vertex v;
        v.digest = name(i);
        v.name = "[" + std::to_string(i) + "/" + std::to_string(vertices) + "] RUN make -j8 component-" + std::to_string(i);
        v.started = now;
        begin.vertices.push_back(v);
        v.completed = now + 250ms;
        ended.vertices.push_back(v);
        status s{"transferring", v.digest, "", 1000, 4000, now, now, std::nullopt};
        middle.statuses.push_back(s);
        s.current = 4000;
        s.completed = s.timestamp = now + 200ms;
        ended.statuses.push_back(s);
      }
      for (std::size_t k = 0; k < per_step; ++k) {
        for (std::size_t i = first; i < end; ++i) {
          log_chunk chunk{name(i), 1, "", now + 100ms};
          chunk.data = k % 10 == 0 ? "\x1b[32m[ 42%]\x1b[0m " : "";
          chunk.data += "c++ -O2 -Wall -Iinclude -o build/component/object_" + std::to_string(k) + ".o -c src/object.cpp\n";
          (k < per_step / 2 ? begin : middle).logs.push_back(std::move(chunk));
          ++out.lines;
        }
      }
      for (batch* b : {&begin, &middle, &ended}) out.batches.push_back(std::move(*b));
      now += 300ms;
    }
    return out;
  }();
  return made;
}

void run(benchmark::State& state, std::unique_ptr<renderer> (*make)()) {
  const recorded& events = build();
  std::size_t written = 0;
  std::size_t held = 0;  // bytes in trace, renderer and the last piece of output
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;
    trace_limits limits;
    const auto lines = make ? make() : nullptr;
    limits.every_line = !lines || lines->wants_lines();
    trace picture(limits);
    std::string out;
    wall_time now = start;
    for (const batch& b : events.batches) {
      picture.apply(b, now);
      if (lines) {
        lines->update(b, picture, now, out);
        lines->refresh(picture, now, out);
      }
      written += out.size();
      out.clear();
      now += 100ms;
    }
    picture.finish(now);
    if (lines) lines->finish(picture, now, out);
    benchmark::DoNotOptimize(out.data());
    held = mallinfo2().uordblks - before;
  }
  state.counters["lines/s"] =
      benchmark::Counter(static_cast<double>(events.lines), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["held_kB"] = static_cast<double>(held) / 1000;
  state.counters["written"] = benchmark::Counter(static_cast<double>(written), benchmark::Counter::kAvgIterations);
}

void trace_only(benchmark::State& state) { run(state, nullptr); }
void plain(benchmark::State& state) {
  run(state, [] { return make_plain_renderer(); });
}
void tty(benchmark::State& state) {
  run(state, [] { return make_tty_renderer(); });
}
void rawjson(benchmark::State& state) { run(state, make_rawjson_renderer); }

void logs(benchmark::State& state) { run(state, make_logs_renderer); }
void quiet(benchmark::State& state) { run(state, make_quiet_renderer); }

BENCHMARK(trace_only)->Unit(benchmark::kMillisecond);
BENCHMARK(plain)->Unit(benchmark::kMillisecond);
BENCHMARK(tty)->Unit(benchmark::kMillisecond);
BENCHMARK(rawjson)->Unit(benchmark::kMillisecond);
BENCHMARK(logs)->Unit(benchmark::kMillisecond);
BENCHMARK(quiet)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
