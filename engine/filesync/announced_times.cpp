#include "engine/filesync/announced_times.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <span>
#include <system_error>

#include "engine/async/unique_fd.hpp"
#include "engine/async/write_all.hpp"

namespace peelbox::filesync {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t second = 1'000'000'000;
/// Local file systems whose inodes get a change time from this kernel's clock with each change, and from nothing else
/// (linux/magic.h and the file systems' own headers): ext2 to 4, xfs, btrfs, tmpfs, ramfs, overlayfs, f2fs, zfs, bcachefs,
/// jfs, nilfs2, and two that never change.
constexpr std::array<std::uint32_t, 13> trusted{0xEF53,     0x58465342, 0x9123683E, 0x01021994, 0x858458F6,
                                                0x794C7630, 0xF2F52010, 0x2FC12FC1, 0xCA451A4E, 0x3153464A,
                                                0x3434,     0xE0F5E1E2, 0x73717368};

/// Another layout has another one.
constexpr std::uint64_t magic = 0x31'65'6D'69'74'6C'62'70U;

struct file_header {
  std::uint64_t what = magic;
  std::uint64_t count = 0;
  std::uint64_t checksum = 0;
};

std::uint64_t mixed(std::uint64_t value) noexcept {
  value = (value ^ value >> 32) * 0x9E3779B97F4A7C15U;
  return (value ^ value >> 29) * 0xBF58476D1CE4E5B9U;
}

std::uint64_t hash_of(const void* bytes, std::size_t size) noexcept {
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

bool by_path(const remembered_file& a, const remembered_file& b) noexcept { return a.path < b.path; }

/// Both sorted; where both have a path, that of `fresh` counts.
std::vector<remembered_file> merged(std::span<const remembered_file> old, const std::vector<remembered_file>& fresh) {
  std::vector<remembered_file> all;
  all.reserve(old.size() + fresh.size());
  // Of equal ones the union takes the first range's.
  std::set_union(fresh.begin(), fresh.end(), old.begin(), old.end(), std::back_inserter(all), by_path);
  return all;
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
  if (files.size() <= announced_times::most_contexts) return;
  std::sort(files.rbegin(), files.rend());
  for (std::size_t i = announced_times::most_contexts; i < files.size(); ++i) fs::remove(files[i].second, ignored);
}

}  // namespace

std::optional<std::uint64_t> trusted_device(const std::string& directory) {
  struct statfs file_system {};
  struct stat root {};
  if (::statfs(directory.c_str(), &file_system) != 0 || ::stat(directory.c_str(), &root) != 0) return std::nullopt;
  if (std::find(trusted.begin(), trusted.end(), static_cast<std::uint32_t>(file_system.f_type)) == trusted.end())
    return std::nullopt;
  return root.st_dev;
}

std::int64_t shifted_time(const file_numbers& now) noexcept {
  std::int64_t part = now.mod_time % second;
  if (part < 0) part += second;
  const std::uint64_t numbers[] = {static_cast<std::uint64_t>(now.mod_time), static_cast<std::uint64_t>(now.change_time), now.inode};
  // From 1 to a second less a nanosecond, so never the time itself.
  const auto shift = static_cast<std::int64_t>(1 + hash_of(numbers, sizeof numbers) % static_cast<std::uint64_t>(second - 1));
  return now.mod_time - part + (part + shift) % second;
}

time_decision decide_time(const remembered_file* before, std::uint64_t path, std::int64_t size, const file_numbers& now) noexcept {
  time_decision decision;
  decision.mod_time = now.mod_time;
  const bool same = before != nullptr && before->size == size && before->mod_time == now.mod_time;
  if (!same) {
    decision.remember = true;
    const bool back = before != nullptr && (before->went_back != 0 || now.mod_time <= before->mod_time);
    decision.record = {path, size, now.mod_time, now.change_time, now.inode, back ? 1U : 0U};
    if (back) decision.mod_time = shifted_time(now);
    return decision;
  }
  if (before->went_back != 0 || before->change_time != now.change_time || before->inode != now.inode)
    decision.mod_time = shifted_time(now);
  return decision;
}

announced_times::announced_times(std::string file, std::uint64_t device) : file_(std::move(file)), device_(device) {
  const unique_fd fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return;
  const auto size = static_cast<std::size_t>(st.st_size);
  if (size < sizeof(file_header) || size > sizeof(file_header) + most_files * sizeof(remembered_file)) return;
  map_ = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd.get(), 0);
  if (map_ == MAP_FAILED) {
    map_ = nullptr;
    return;
  }
  map_size_ = size;
  const auto* header = static_cast<const file_header*>(map_);
  const auto* records = reinterpret_cast<const remembered_file*>(header + 1);
  const std::size_t body = size - sizeof(file_header);
  if (header->what != magic || body % sizeof(remembered_file) != 0 || header->count != body / sizeof(remembered_file) ||
      header->checksum != hash_of(records, body))
    return;
  records_ = records;
  count_ = header->count;
  // Contexts that are in use are not forgotten.
  ::utimensat(AT_FDCWD, file_.c_str(), nullptr, 0);
}

announced_times::~announced_times() {
  if (map_ != nullptr) ::munmap(map_, map_size_);
}

const remembered_file* announced_times::find(std::uint64_t path) const noexcept {
  const remembered_file* end = records_ + count_;
  const remembered_file* it =
      std::lower_bound(records_, end, path, [](const remembered_file& r, std::uint64_t wanted) { return r.path < wanted; });
  return it != end && it->path == path ? it : nullptr;
}

std::int64_t announced_times::time_of(std::string_view path, std::int64_t size, std::uint64_t device,
                                      const file_numbers& now) const {
  if (device != device_) return now.mod_time;
  const std::uint64_t key = hash_of(path.data(), path.size());
  const time_decision decision = decide_time(find(key), key, size, now);
  if (decision.remember) {
    const std::lock_guard lock(mutex_);
    if (fresh_.size() < most_files) fresh_.push_back(decision.record);
  }
  return decision.mod_time;
}

bool announced_times::save() const {
  std::vector<remembered_file> fresh;
  {
    const std::lock_guard lock(mutex_);
    fresh.swap(fresh_);
  }
  if (fresh.empty()) return true;
  std::stable_sort(fresh.begin(), fresh.end(), by_path);
  fresh.erase(std::unique(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) { return a.path == b.path; }), fresh.end());
  // Other builds of this context may have written meanwhile.
  const announced_times latest(file_, device_);
  std::vector<remembered_file> all = merged({latest.records_, latest.count_}, fresh);
  if (all.size() > most_files) all = std::move(fresh);
  const fs::path folder = fs::path(file_).parent_path();
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  std::string unfinished = file_ + ".XXXXXX";
  const unique_fd out(::mkostemp(unfinished.data(), O_CLOEXEC));
  if (!out) return false;
  const std::size_t body = all.size() * sizeof(remembered_file);
  const file_header header{magic, all.size(), hash_of(all.data(), body)};
  const std::string_view head(reinterpret_cast<const char*>(&header), sizeof header);
  const std::string_view records(reinterpret_cast<const char*>(all.data()), body);
  if (write_all(out.get(), head) != 0 || write_all(out.get(), records) != 0 ||
      ::rename(unfinished.c_str(), file_.c_str()) != 0) {
    ::unlink(unfinished.c_str());
    return false;
  }
  forget_old(folder);
  return true;
}

}  // namespace peelbox::filesync
