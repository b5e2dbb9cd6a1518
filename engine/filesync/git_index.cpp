#include "engine/filesync/git_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

// Names of Linux are shorter; the bounds keep the shared prefixes of version 4 from growing without end.
constexpr std::size_t max_path = 4096;
constexpr std::size_t max_paths = std::size_t{512} << 20;
// Of a bitmap, which says in a few bytes that all of them are set.
constexpr std::uint64_t max_bits = 1U << 24;

failure unreadable(std::string text) { return failure(errc::context, std::move(text), origin::user); }
failure cut_off() { return unreadable("it ends in the middle"); }

// Reads numbers of the network's order; once it ran out of bytes it gives zeros and fails.
class index_reader {
 public:
  explicit index_reader(byte_view bytes) : bytes_(bytes) {}
  bool failed() const noexcept { return failed_; }
  std::size_t left() const noexcept { return bytes_.size() - at_; }
  std::size_t position() const noexcept { return at_; }

  byte_view take(std::size_t size) {
    if (failed_ || size > left()) {
      failed_ = true;
      return {};
    }
    const byte_view taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }
  template <class Number>
  Number number() {
    Number value = 0;
    for (const std::byte b : take(sizeof(Number))) value = static_cast<Number>(value << 8 | std::to_integer<Number>(b));
    return value;
  }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  /// Up to a zero byte, which is taken as well.
  std::string_view text() {
    const std::string_view rest = as_text(bytes_.subspan(at_));
    const std::size_t size = rest.find('\0');
    if (failed_ || size == rest.npos) {
      failed_ = true;
      return {};
    }
    at_ += size + 1;
    return rest.substr(0, size);
  }
  /// Seven bits a byte, each further byte counting from one more (git's varint.c).
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (bool first = true;; first = false) {
      const auto c = number<std::uint8_t>();
      if (failed_ || value >> 32 != 0) {
        failed_ = true;
        return 0;
      }
      value = ((first ? 0 : value + 1) << 7) | (c & 0x7FU);
      if ((c & 0x80U) == 0) return value;
    }
  }

 private:
  byte_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

constexpr std::size_t numbers = 10;  // of 32 bits, at the beginning of an entry

std::uint32_t number_at(byte_view bytes, std::size_t index) noexcept {
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[index * 4 + i]); };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

constexpr std::uint16_t flag_assume_valid = 0x8000;
constexpr std::uint16_t flag_extended = 0x4000;
constexpr std::uint16_t mask_name = 0x0FFF;
constexpr std::uint16_t flag_skip_worktree = 0x4000;
constexpr std::uint16_t flag_intent_to_add = 0x2000;

// Of the entry that comes last.
result<void> read_path(index_reader& in, git_index& index, std::size_t begin, std::uint16_t flags) {
  git_index_entry& e = index.entries.back();
  const std::size_t before = index.entries.size() - 1;
  std::string_view last;
  std::string_view name;
  if (index.version == 4) {
    if (before > 0) last = index.path(index.entries[before - 1]);
    const std::uint64_t removed = in.varint();
    name = in.text();
    if (!in.failed() && removed > last.size()) return unreadable("a path takes back more than the path before it has");
    last = last.substr(0, in.failed() ? 0 : last.size() - static_cast<std::size_t>(removed));
  } else {
    // The length is there too, but only up to 4095.
    const std::size_t known = flags & mask_name;
    if (known < mask_name) {
      name = as_text(in.take(known));
      in.take(8 - (in.position() - begin) % 8);
    } else {
      name = in.text();
      in.take((8 - (in.position() - begin) % 8) % 8);
    }
  }
  if (in.failed()) return cut_off();
  const std::size_t size = last.size() + name.size();
  if (size > max_path || index.paths.size() + size > max_paths)
    return failure(errc::limit, "its paths are too long", origin::user);
  e.path_begin = static_cast<std::uint32_t>(index.paths.size());
  e.path_size = static_cast<std::uint32_t>(size);
  // `last` lies in the string that it is appended to.
  if (!last.empty()) index.paths.append(index.paths, index.entries[before - 1].path_begin, last.size());
  index.paths.append(name);
  return {};
}

result<void> read_entry(index_reader& in, git_index& index) {
  const std::size_t begin = in.position();
  const byte_view fixed = in.take(numbers * 4 + index.id_size + 2);
  if (in.failed()) return cut_off();
  git_index_entry& e = index.entries.emplace_back();
  e.change_seconds = number_at(fixed, 0);
  e.change_nanoseconds = number_at(fixed, 1);
  e.mod_seconds = number_at(fixed, 2);
  e.mod_nanoseconds = number_at(fixed, 3);
  e.device = number_at(fixed, 4);
  e.inode = number_at(fixed, 5);
  e.mode = number_at(fixed, 6);
  e.uid = number_at(fixed, 7);
  e.gid = number_at(fixed, 8);
  e.size = number_at(fixed, 9);
  std::copy_n(fixed.begin() + numbers * 4, index.id_size, e.id.begin());
  const auto flags = static_cast<std::uint16_t>(std::to_integer<unsigned>(fixed[fixed.size() - 2]) << 8 |
                                                std::to_integer<unsigned>(fixed[fixed.size() - 1]));
  const std::uint16_t more = index.version > 2 && (flags & flag_extended) != 0 ? in.u16() : std::uint16_t{0};
  e.assume_valid = (flags & flag_assume_valid) != 0;
  e.stage = static_cast<std::uint8_t>(flags >> 12 & 3U);
  e.skip_worktree = (more & flag_skip_worktree) != 0;
  e.intent_to_add = (more & flag_intent_to_add) != 0;
  return read_path(in, index, begin, flags);
}

// The set bits of a compressed bitmap (EWAH): words of 64 bits in runs, each run headed by one that says how many equal
// words and how many literal ones follow.
result<std::vector<std::uint32_t>> read_bitmap(index_reader& in) {
  const std::uint64_t bits = in.u32();
  std::uint64_t words = in.u32();
  std::vector<std::uint32_t> set;
  std::uint64_t at = 0;
  if (words > in.left() / 8) return cut_off();
  if (bits > max_bits) return failure(errc::limit, "it has too many entries", origin::user);
  const auto add = [&](std::uint64_t position) {
    if (position < bits) set.push_back(static_cast<std::uint32_t>(position));
  };
  while (words > 0) {
    const auto head = in.number<std::uint64_t>();
    --words;
    const std::uint64_t equal = head >> 1 & 0xFFFFFFFFU;
    std::uint64_t literal = head >> 33;
    if (literal > words || at / 64 + equal + literal > (bits + 63) / 64) return unreadable("a bitmap in it is broken");
    if ((head & 1U) != 0)
      for (std::uint64_t i = 0; i < equal * 64; ++i) add(at + i);
    at += equal * 64;
    for (; literal > 0; --literal, --words, at += 64) {
      const auto word = in.number<std::uint64_t>();
      for (std::uint64_t left = word; left != 0; left &= left - 1)
        add(at + static_cast<std::uint64_t>(__builtin_ctzll(left)));
    }
  }
  in.u32();  // where the last head is; only of use to writers
  if (in.failed()) return cut_off();
  return set;
}

result<void> read_shared_part(index_reader in, git_index& index) {
  git_index::shared_part part;
  for (const std::byte b : in.take(index.id_size)) part.id += fmt::format("{:02x}", std::to_integer<unsigned>(b));
  if (in.failed()) return cut_off();
  if (in.left() > 0) {
    auto removed = read_bitmap(in);
    if (!removed) return removed.error();
    auto replaced = read_bitmap(in);
    if (!replaced) return replaced.error();
    part.removed = std::move(*removed);
    part.replaced = std::move(*replaced);
  }
  index.shared = std::move(part);
  return {};
}

result<void> read_extensions(index_reader& in, git_index& index) {
  while (in.left() > index.id_size) {
    const std::string_view name = as_text(in.take(4));
    const byte_view data = in.take(in.u32());
    if (in.failed()) return cut_off();
    if (name == "link") {
      if (result<void> read = read_shared_part(index_reader(data), index); !read) return read;
    } else if (name != "sdir" && (name[0] < 'A' || name[0] > 'Z')) {
      return unreadable(fmt::format("it has an extension {} that must be understood, and is not known here", in_quotes(name)));
    }
  }
  return {};
}

// Entries without a path are those of shared_part::replaced.
bool in_order(const git_index& index, const git_index_entry& a, const git_index_entry& b) {
  const int paths = index.path(a).compare(index.path(b));
  return paths < 0 || (paths == 0 && (a.stage < b.stage || a.path_size == 0));
}

}  // namespace

result<git_index> parse_git_index(byte_view content, std::size_t id_size) {
  index_reader in(content);
  git_index index;
  index.id_size = std::min(id_size, sha256_id);
  const bool signed_so = as_text(in.take(4)) == "DIRC";
  index.version = in.u32();
  const std::size_t count = in.u32();
  if (in.failed() || !signed_so) return unreadable("it is not an index of git");
  if (index.version < 2 || index.version > 4)
    return unreadable(fmt::format("it has version {}, and only 2, 3 and 4 are known here", index.version));
  // The numbers, id, flags, and at least a zero byte.
  const std::size_t smallest = numbers * 4 + index.id_size + 2 + 1;
  if (count > in.left() / smallest) return cut_off();
  index.entries.reserve(count);
  index.paths.reserve(in.left() - count * (smallest - 1));
  for (std::size_t i = 0; i < count; ++i) {
    if (result<void> read = read_entry(in, index); !read) return read.error();
    if (i > 0 && !in_order(index, index.entries[i - 1], index.entries[i])) return unreadable("its paths are not in order");
  }
  if (result<void> read = read_extensions(in, index); !read) return read.error();
  return index;
}

result<git_index> merge_shared_index(git_index shared, git_index own) {
  if (!own.shared || shared.shared || shared.id_size != own.id_size)
    return unreadable("it does not belong to the shared index that it names");
  const auto nameless = static_cast<std::size_t>(
      std::find_if(own.entries.begin(), own.entries.end(), [](const git_index_entry& e) { return e.path_size != 0; }) -
      own.entries.begin());
  const auto& part = *own.shared;
  const auto outside = [&](const std::vector<std::uint32_t>& positions) {
    return !positions.empty() && positions.back() >= shared.entries.size();
  };
  if (nameless != part.replaced.size() || outside(part.replaced) || outside(part.removed) ||
      shared.paths.size() + own.paths.size() > max_paths)
    return unreadable("it does not belong to the shared index that it names");
  for (std::size_t i = 0; i < nameless; ++i) {
    git_index_entry& old = shared.entries[part.replaced[i]];
    const git_index_entry path = old;
    old = own.entries[i];
    old.path_begin = path.path_begin;
    old.path_size = path.path_size;
  }
  git_index both;
  both.version = own.version;
  both.id_size = own.id_size;
  both.was_split = true;
  const auto moved = static_cast<std::uint32_t>(shared.paths.size());
  both.paths = std::move(shared.paths);
  both.paths += own.paths;
  std::vector<git_index_entry> kept;
  kept.reserve(shared.entries.size());
  auto removed = part.removed.begin();
  for (std::uint32_t i = 0; i < shared.entries.size(); ++i) {
    if (removed != part.removed.end() && *removed == i) ++removed;
    else kept.push_back(shared.entries[i]);
  }
  std::vector<git_index_entry> added(own.entries.begin() + static_cast<std::ptrdiff_t>(nameless), own.entries.end());
  for (git_index_entry& e : added) e.path_begin += moved;
  both.entries.resize(kept.size() + added.size());
  std::merge(kept.begin(), kept.end(), added.begin(), added.end(), both.entries.begin(),
             [&](const git_index_entry& a, const git_index_entry& b) {
               const int paths = both.path(a).compare(both.path(b));
               return paths < 0 || (paths == 0 && a.stage < b.stage);
             });
  return both;
}

git_tracked::git_tracked(git_index index) : paths_(std::move(index.paths)) {
  // The paths of one index lie behind each other in order; of a merged one they do not.
  bool in_place = true;
  std::uint32_t next = 0;
  for (const git_index_entry& e : index.entries) in_place = in_place && e.path_begin == std::exchange(next, next + e.path_size);
  if (!in_place) {
    std::string ordered;
    ordered.reserve(paths_.size());
    for (const git_index_entry& e : index.entries) ordered.append(paths_, e.path_begin, e.path_size);
    paths_ = std::move(ordered);
  }
  begins_.reserve(index.entries.size() + 1);
  repositories_.reserve(index.entries.size());
  next = 0;
  for (const git_index_entry& e : index.entries) {
    begins_.push_back(std::exchange(next, next + e.path_size));
    repositories_.push_back(e.is_repository());
  }
  begins_.push_back(next);
}

git_tracked::answer git_tracked::ask(std::string_view wanted) const {
  std::size_t low = 0;
  std::size_t high = size();
  const auto search = [&](std::string_view text) {
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (path(middle) < text) low = middle + 1;
      else high = middle;
    }
    return low < size() ? path(low) : std::string_view();
  };
  if (search(wanted) == wanted && low < size()) return repositories_[low] ? answer::repository : answer::file;
  const std::string directory = std::string(wanted) + '/';
  high = size();
  return search(directory).starts_with(directory) ? answer::below : answer::no;
}

}  // namespace peelbox::filesync
