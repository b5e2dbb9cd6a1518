// What is remembered of the files of a context between builds: records of one size, by path, in one file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peelbox::filesync {

/// A hash for tables and checksums; whoever wants to can find two texts with the same.
std::uint64_t quick_hash(const void* bytes, std::size_t size) noexcept;
inline std::uint64_t quick_hash(std::string_view text) noexcept { return quick_hash(text.data(), text.size()); }

/// Such files in one folder; those that were not used for longest are removed.
inline constexpr std::size_t most_memories = 64;

namespace detail {

/// The records of a file of that kind; nothing when it is missing, damaged or of another kind. `make_room` gives the memory
/// for so many bytes. Blocks.
class memory_reader {
 public:
  memory_reader(const std::string& file, std::uint64_t kind, std::size_t record_size, std::size_t most_records);
  ~memory_reader();
  memory_reader(const memory_reader&) = delete;
  memory_reader& operator=(const memory_reader&) = delete;
  std::size_t bytes() const noexcept { return bytes_; }
  /// False when they are not what was written.
  bool read(std::span<std::byte> target);

 private:
  const std::string& file_;
  int fd_ = -1;
  std::size_t bytes_ = 0;
  std::uint64_t checksum_ = 0;
};
/// Replaces the file (0600) as a whole and makes its folder (0700). Blocks.
bool write_memory(const std::string& file, std::uint64_t kind, std::span<const std::byte> records, std::size_t count);

}  // namespace detail

/// `Record` has no padding, and `path`, a quick_hash(). Missing, damaged or of another kind the file is an empty one. It is read as a whole, so
/// that whoever cuts it off meanwhile stops nobody. Thread-safe.
template <class Record>
class path_memory {
 public:
  /// More files than this are not remembered.
  static constexpr std::size_t most_records = std::size_t{1} << 20;

  /// `file` need not exist, nor its folder; "" is none. `kind` changes with the layout and the meaning of a record. Blocks.
  path_memory(std::string file, std::uint64_t kind) : file_(std::move(file)), kind_(kind), records_(load()) {}

  const Record* find(std::uint64_t path) const noexcept {
    const auto it = std::lower_bound(records_.begin(), records_.end(), path,
                                     [](const Record& r, std::uint64_t wanted) { return r.path < wanted; });
    return it != records_.end() && it->path == path ? &*it : nullptr;
  }

  /// To be remembered with the next save(); find() does not give it.
  void put(const Record& record) const {
    const std::lock_guard lock(mutex_);
    if (fresh_.size() < most_records) fresh_.push_back(record);
  }

  /// Writes down what was put. Of several that do so at once the last one counts, and what is lost is put again. False when it could
  /// not be written, which nobody has to hear: what is not remembered is found out again. Blocks.
  bool save() const {
    std::vector<Record> fresh;
    {
      const std::lock_guard lock(mutex_);
      fresh.swap(fresh_);
    }
    if (fresh.empty() || file_.empty()) return true;
    std::stable_sort(fresh.begin(), fresh.end(), by_path);
    const auto same = [](const Record& a, const Record& b) { return a.path == b.path; };
    fresh.erase(std::unique(fresh.begin(), fresh.end(), same), fresh.end());
    // Other builds of this context may have written meanwhile.
    const std::vector<Record> old = load();
    std::vector<Record> all;
    all.reserve(old.size() + fresh.size());
    // Of equal ones the union takes the first range's.
    std::set_union(fresh.begin(), fresh.end(), old.begin(), old.end(), std::back_inserter(all), by_path);
    if (all.size() > most_records) all = std::move(fresh);
    return detail::write_memory(file_, kind_, std::as_bytes(std::span<const Record>(all)), all.size());
  }

 private:
  static bool by_path(const Record& a, const Record& b) noexcept { return a.path < b.path; }

  std::vector<Record> load() const {
    std::vector<Record> records;
    detail::memory_reader reader(file_, kind_, sizeof(Record), most_records);
    records.resize(reader.bytes() / sizeof(Record));
    if (!reader.read(std::as_writable_bytes(std::span<Record>(records)))) records.clear();
    return records;
  }

  const std::string file_;
  const std::uint64_t kind_;
  const std::vector<Record> records_;  // sorted by path
  mutable std::mutex mutex_;
  mutable std::vector<Record> fresh_;
};

}  // namespace peelbox::filesync
