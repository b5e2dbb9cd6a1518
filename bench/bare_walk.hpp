// The least work that a walk needs, for comparisons.
#pragma once

#include <benchmark/benchmark.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace peelbox::bench {

/// Several threads list every directory with getdents64 and, if wanted, call statx for every entry; nothing is kept.
class bare_walk {
 public:
  explicit bare_walk(bool stats) : stats_(stats) {}
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
        ++count;
        bool is_directory = e->type == DT_DIR;
        if (stats_ || e->type == DT_UNKNOWN) {
          struct statx found;
          if (::statx(fd, e->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &found) != 0) continue;
          benchmark::DoNotOptimize(found);
          is_directory = S_ISDIR(found.stx_mode);
        }
        if (is_directory) below.push_back(directory + "/" + std::string(name));
      }
    }
    ::close(fd);
    entries_ += count;
    return below;
  }

  const bool stats_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> waiting_;
  unsigned busy_ = 0;
  std::atomic<std::uint64_t> entries_{0};
};

}  // namespace peelbox::bench
