// Walking a tree: the product's walk with 0 to 300 rules, beside a bare parallel loop of getdents64 and statx on the same
// tree with as many threads. Settings: support.hpp.
#include <benchmark/benchmark.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "bench/support.hpp"
#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/walker.hpp"

namespace {

using namespace peelbox;
using namespace peelbox::filesync;

/// The least that has to be asked of the kernel: every directory listed, every entry stat'ed, nothing kept.
class bare_walk {
 public:
  std::uint64_t run(const std::string& root, unsigned threads) {
    waiting_.push_back(root);
    std::vector<std::thread> all;
    for (unsigned i = 0; i < threads; ++i) all.emplace_back([this] { work(); });
    for (std::thread& t : all) t.join();
    return entries_;
  }

 private:
  struct raw_entry {  // struct linux_dirent64
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t size;
    std::uint8_t type;
    char name[1];
  };

  void work() {
    std::vector<char> buffer(256 << 10);
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return !waiting_.empty() || busy_ == 0; });
      if (waiting_.empty()) return;
      const std::string directory = std::move(waiting_.back());
      waiting_.pop_back();
      ++busy_;
      lock.unlock();
      std::vector<std::string> below = list(directory, buffer);
      lock.lock();
      --busy_;
      for (std::string& b : below) waiting_.push_back(std::move(b));
      wake_.notify_all();
    }
  }

  std::vector<std::string> list(const std::string& directory, std::vector<char>& buffer) {
    std::vector<std::string> below;
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return below;
    std::uint64_t count = 0;
    while (true) {
      const long got = ::syscall(SYS_getdents64, fd, buffer.data(), buffer.size());
      if (got <= 0) break;
      for (long at = 0; at < got;) {
        const auto* e = reinterpret_cast<const raw_entry*>(buffer.data() + at);
        at += e->size;
        const std::string_view name = e->name;
        if (name == "." || name == "..") continue;
        struct statx found;
        if (::statx(fd, e->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &found) != 0) continue;
        benchmark::DoNotOptimize(found);
        ++count;
        if (S_ISDIR(found.stx_mode)) below.push_back(directory + "/" + std::string(name));
      }
    }
    ::close(fd);
    entries_ += count;
    return below;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> waiting_;
  unsigned busy_ = 0;
  std::atomic<std::uint64_t> entries_{0};
};

void rate(benchmark::State& state, std::uint64_t entries) {
  state.counters["entries/s"] = benchmark::Counter(static_cast<double>(entries), benchmark::Counter::kIsRate);
}

void bare(benchmark::State& state) {
  const std::string tree = bench::all_trees().many();
  std::uint64_t entries = 0;
  for (auto _ : state) entries += bare_walk().run(tree, bench::threads());
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
