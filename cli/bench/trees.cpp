#include "cli/bench/trees.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <vector>

#include "cli/summary.hpp"
#include "engine/async/unique_fd.hpp"
#include "engine/async/write_all.hpp"
#include "engine/filesync/remove_tree.hpp"

namespace peelbox::cli::bench {

namespace {

constexpr std::uint64_t leaf = 100;
constexpr std::uint64_t changed_one_of = 100;

std::string name_of(const std::string& root, std::uint64_t number) {
  const std::uint64_t directory = number / leaf;
  return fmt::format("{}/d{:03}/e{}/f{:02}", root, directory / 10, directory % 10, number % leaf);
}

/// Bytes that no compression makes smaller, different for each seed.
class content {
 public:
  content() : block_(1 << 20) {
    std::mt19937_64 numbers(42);
    for (std::size_t i = 0; i + 8 <= block_.size(); i += 8) {
      const std::uint64_t one = numbers();
      std::memcpy(block_.data() + i, &one, sizeof one);
    }
  }

  result<void> write(const std::string& name, std::uint64_t size, std::uint64_t seed) const {
    unique_fd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return errno_failure(errno, name);
    std::uint64_t done = 0;
    while (done < size) {
      // Each mebibyte begins with what tells it apart from all others.
      std::string head = fmt::format("{:016x}{:016x}", seed, done);
      const std::uint64_t part = std::min<std::uint64_t>(size - done, block_.size());
      head.resize(std::min<std::uint64_t>(head.size(), part));
      int error = write_all(file.get(), head);
      if (error == 0) error = write_all(file.get(), std::string_view(block_.data(), part - head.size()));
      if (error != 0) return errno_failure(error, name);
      done += part;
    }
    return {};
  }

 private:
  std::vector<char> block_;
};

result<void> enough_room(const std::string& root, std::uint64_t files, std::uint64_t size) {
  struct statvfs disk {};
  if (::statvfs(root.c_str(), &disk) != 0) return errno_failure(errno, root);
  const std::uint64_t have = std::uint64_t(disk.f_bavail) * disk.f_frsize;
  const std::uint64_t need = 2 * files * (size + 4096);
  if (have >= need) return {};
  return failure(errc::io, fmt::format("{} has {} free and {} are needed: set TMPDIR to a larger disk, or use --files and --size", root,
                                       human_bytes(have), human_bytes(need)),
                 origin::user);
}

}  // namespace

result<scratch_directory> scratch_directory::make(const std::string& below) {
  std::string name = below + "/peelbox-bench-XXXXXX";
  if (!::mkdtemp(name.data())) return errno_failure(errno, name);
  return scratch_directory(std::move(name));
}

scratch_directory::~scratch_directory() {
  if (!path_.empty()) filesync::remove_tree(AT_FDCWD, path_);
}

result<void> make_tree(const std::string& root, std::uint64_t files, std::uint64_t size) {
  if (::mkdir(root.c_str(), 0755) != 0) return errno_failure(errno, root);
  if (result<void> room = enough_room(root, files, size); room.has_error()) return room;
  const content bytes;
  for (std::uint64_t i = 0; i < files; ++i) {
    const std::string name = name_of(root, i);
    if (i % leaf == 0) {
      std::error_code error;
      std::filesystem::create_directories(std::filesystem::path(name).parent_path(), error);
      if (error) return errno_failure(error.value(), name);
    }
    if (result<void> written = bytes.write(name, size, i); written.has_error()) return written;
  }
  return {};
}

result<void> change_tree(const std::string& root, std::uint64_t files, std::uint64_t size, std::uint64_t round) {
  const content bytes;
  for (std::uint64_t i = 0; i < files; i += changed_one_of)
    if (result<void> written = bytes.write(name_of(root, i), size, i + files * (round + 1)); written.has_error()) return written;
  return {};
}

}  // namespace peelbox::cli::bench
