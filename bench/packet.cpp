// Writing and reading the packets of file sync, in memory.
#include <benchmark/benchmark.h>

#include "bench/support.hpp"
#include "engine/filesync/packet.hpp"

namespace {

using namespace peelbox;
using namespace peelbox::filesync;

stat_entry an_entry() {
  stat_entry e;
  e.path = "packages/frontend/src/components/button.tsx";
  e.mode = 0644;
  e.size = 4096;
  e.mod_time = 1'700'000'000'123'456'789;
  return e;
}

void write_stat(benchmark::State& state) {
  const stat_entry entry = an_entry();
  std::string out;
  for (auto _ : state) {
    if (out.size() > (64 << 10)) out.clear();
    append_stat_packet(out, entry);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write_stat);

void read_stat(benchmark::State& state) {
  std::string bytes;
  append_stat_packet(bytes, an_entry());
  for (auto _ : state) benchmark::DoNotOptimize(decode_packet(as_bytes(bytes)));
}
BENCHMARK(read_stat);

void write_data_header(benchmark::State& state) {
  std::byte header[max_data_header];
  for (auto _ : state) benchmark::DoNotOptimize(filesync::write_data_header(header, 12345, 1 << 20));
}
BENCHMARK(write_data_header);

/// Argument: bytes of payload. The time must not depend on it, because the payload is only referenced.
void read_data(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::string bytes = data_packet(12345, byte_slice::of(std::string(size, 'x'))).str();
  for (auto _ : state) benchmark::DoNotOptimize(decode_packet(as_bytes(bytes)));
}
BENCHMARK(read_data)->Arg(4096)->Arg(1 << 20);

}  // namespace

BENCHMARK_MAIN();
