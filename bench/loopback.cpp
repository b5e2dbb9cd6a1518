// Our sender, as a build runs it, into a daemon that discards (discard.hpp) over a unix socket: on a hijacked connection
// and through the session tunnel. For comparison, a raw gathered write of the same file over the same kind of socket. Times
// include both threads; the counters give the CPU seconds of each side. Settings: support.hpp.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <ctime>
#include <stdexcept>
#include <thread>

#include "bench/discard.hpp"
#include "bench/support.hpp"
#include "engine/session/filesync_service.hpp"
#include "engine/session/session.hpp"
#include "transport/socket_stream.hpp"

namespace {

using namespace peelbox;

struct socket_pair {
  int ours = -1;
  int theirs = -1;
  socket_pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) throw std::runtime_error("socketpair");
    ours = fds[0];
    theirs = fds[1];
  }
};

double clock_seconds(clockid_t which) {
  timespec t{};
  ::clock_gettime(which, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

constexpr std::size_t packet = 1 << 20;

/// Reads the file packet by packet and writes each with a small header, nothing else.
void raw_send(int fd, const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<char> buffer(packet);
  char header[16] = {};
  while (true) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got <= 0) break;
    iovec pieces[] = {{header, sizeof header}, {buffer.data(), static_cast<std::size_t>(got)}};
    std::size_t left = sizeof header + static_cast<std::size_t>(got);
    while (left > 0) {
      const ssize_t put = ::writev(fd, pieces, 2);
      if (put < 0) throw std::runtime_error("writev");
      left -= static_cast<std::size_t>(put);
      std::size_t gone = static_cast<std::size_t>(put);
      for (iovec& piece : pieces) {
        const std::size_t part = std::min(gone, piece.iov_len);
        piece.iov_base = static_cast<char*>(piece.iov_base) + part;
        piece.iov_len -= part;
        gone -= part;
      }
    }
  }
  ::close(file);
  ::close(fd);
}

void raw_discard(int fd) {
  std::vector<char> buffer(256 << 10);
  while (::recv(fd, buffer.data(), buffer.size(), 0) > 0) {
  }
  ::close(fd);
}

void raw(benchmark::State& state) {
  const std::string path = bench::all_trees().large() + "/file";
  for (auto _ : state) {
    const socket_pair sockets;
    std::thread receiver(raw_discard, sockets.theirs);
    raw_send(sockets.ours, path);
    receiver.join();
  }
  const auto size = std::filesystem::file_size(path);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void sender(benchmark::State& state, const std::string& root, bool tunnel, bool contents) {
  double receiver_cpu = 0;
  std::uint64_t entries = 0;
  std::uint64_t payload = 0;
  const double before = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (auto _ : state) {
    const socket_pair sockets;
    bench::discarded found;
    std::thread receiver([&] { found = bench::discard_tree(sockets.theirs, tunnel, contents); });
    asio::io_context io;
    blocking_pool pool(bench::threads());
    const logger quiet;
    auto contexts = std::make_shared<session::shared_contexts>();
    auto source = std::make_shared<filesync::context_source>();
    source->root = root;
    contexts->by_name["context"] = source;
    h2grpc::method_table services;
    session::add_filesync_service(services, contexts, pool, quiet);
    session::session ours({"bench", "bench"}, std::move(services), quiet);
    const asio::generic::stream_protocol protocol(AF_UNIX, 0);
    auto stream = transport::make_socket_stream(transport::stream_socket(io, protocol, sockets.ours), "bench");
    std::shared_ptr<h2grpc::connection> control;
    if (tunnel) {
      control = h2grpc::connection::create(h2grpc::role::client, std::move(stream), {}, io.get_executor(), quiet);
      asio::co_spawn(io, control->run(), asio::detached);
      asio::co_spawn(io, ours.run(control), asio::detached);
    } else {
      asio::co_spawn(io, ours.run_on(std::move(stream)), asio::detached);
    }
    io.run();
    receiver.join();
    if (!found.problem.empty()) state.SkipWithError(found.problem.c_str());
    receiver_cpu += found.cpu_seconds;
    entries += found.entries;
    payload += contexts->total().bytes_transferred;
  }
  const double all = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
  const auto each = benchmark::Counter::kAvgIterations;
  state.counters["sender_cpu_s"] = benchmark::Counter(all - receiver_cpu, each);
  state.counters["receiver_cpu_s"] = benchmark::Counter(receiver_cpu, each);
  state.counters["entries/s"] = benchmark::Counter(static_cast<double>(entries), benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(payload));
}

void hijacked(benchmark::State& state) { sender(state, bench::all_trees().large(), false, true); }
void tunnel(benchmark::State& state) { sender(state, bench::all_trees().large(), true, true); }
void many_hijacked(benchmark::State& state) { sender(state, bench::all_trees().many(), false, true); }
void many_tunnel(benchmark::State& state) { sender(state, bench::all_trees().many(), true, true); }
void list_hijacked(benchmark::State& state) { sender(state, bench::all_trees().many(), false, false); }
void list_tunnel(benchmark::State& state) { sender(state, bench::all_trees().many(), true, false); }
BENCHMARK(raw)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(hijacked)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(tunnel)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(many_hijacked)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(many_tunnel)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(list_hijacked)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(list_tunnel)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
