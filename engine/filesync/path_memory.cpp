#include "engine/filesync/path_memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "engine/async/unique_fd.hpp"
#include "engine/async/write_all.hpp"

namespace peelbox::filesync {

namespace {

namespace fs = std::filesystem;

struct file_header {
  std::uint64_t what = 0;
  std::uint64_t count = 0;
  std::uint64_t checksum = 0;
};

std::uint64_t mixed(std::uint64_t value) noexcept {
  value = (value ^ value >> 32) * 0x9E3779B97F4A7C15U;
  return (value ^ value >> 29) * 0xBF58476D1CE4E5B9U;
}

bool read_exactly(int fd, void* target, std::size_t size) noexcept {
  char* at = static_cast<char*>(target);
  while (size > 0) {
    const ssize_t count = ::read(fd, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

/// Leaves the newest ones, and nothing of a writer that was killed an hour ago.
void forget_old(const fs::path& folder) {
  std::error_code ignored;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
    std::error_code gone;
    const auto used = it->last_write_time(gone);
    if (!gone) files.emplace_back(used, it->path());
  }
  if (files.size() <= most_memories) return;
  std::sort(files.rbegin(), files.rend());
  for (std::size_t i = most_memories; i < files.size(); ++i) fs::remove(files[i].second, ignored);
}

}  // namespace

std::uint64_t quick_hash(const void* bytes, std::size_t size) noexcept {
  const char* at = static_cast<const char*>(bytes);
  std::uint64_t hash = mixed(size + 1);
  for (; size > 0;) {
    const std::size_t step = std::min<std::size_t>(size, sizeof(std::uint64_t));
    std::uint64_t word = 0;
    std::memcpy(&word, at, step);
    hash = mixed(hash ^ word);
    at += step;
    size -= step;
  }
  return hash ^ hash >> 31;
}

namespace detail {

memory_reader::memory_reader(const std::string& file, std::uint64_t kind, std::size_t record_size, std::size_t most_records)
    : file_(file), fd_(file.empty() ? -1 : ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
  struct stat st {};
  if (fd_ < 0 || ::fstat(fd_, &st) != 0 || !S_ISREG(st.st_mode)) return;
  const auto size = static_cast<std::size_t>(st.st_size);
  file_header header;
  if (size < sizeof header || size > sizeof header + most_records * record_size) return;
  const std::size_t body = size - sizeof header;
  if (!read_exactly(fd_, &header, sizeof header) || header.what != kind || body % record_size != 0 ||
      header.count != body / record_size)
    return;
  bytes_ = body;
  checksum_ = header.checksum;
}

memory_reader::~memory_reader() {
  if (fd_ >= 0) ::close(fd_);
}

bool memory_reader::read(std::span<std::byte> target) {
  if (target.empty() || !read_exactly(fd_, target.data(), target.size()) ||
      quick_hash(target.data(), target.size()) != checksum_)
    return false;
  // Contexts that are in use are not forgotten.
  ::utimensat(AT_FDCWD, file_.c_str(), nullptr, 0);
  return true;
}

bool write_memory(const std::string& file, std::uint64_t kind, std::span<const std::byte> records, std::size_t count) {
  const fs::path folder = fs::path(file).parent_path();
  std::error_code ignored;
  if (fs::create_directories(folder, ignored)) fs::permissions(folder, fs::perms::owner_all, ignored);
  std::string unfinished = file + ".XXXXXX";
  const unique_fd out(::mkostemp(unfinished.data(), O_CLOEXEC));
  if (!out) return false;
  const file_header header{kind, count, quick_hash(records.data(), records.size())};
  const std::string_view head(reinterpret_cast<const char*>(&header), sizeof header);
  const std::string_view body(reinterpret_cast<const char*>(records.data()), records.size());
  if (write_all(out.get(), head) != 0 || write_all(out.get(), body) != 0 ||
      ::rename(unfinished.c_str(), file.c_str()) != 0) {
    ::unlink(unfinished.c_str());
    return false;
  }
  forget_old(folder);
  return true;
}

}  // namespace detail

}  // namespace peelbox::filesync
