#include "engine/filesync/git_blobs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <set>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/async/read_file.hpp"
#include "engine/filesync/git_config.hpp"
#include "engine/filesync/git_work_tree.hpp"
#include "engine/filesync/path_memory.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

constexpr std::size_t max_git_config = 1024 * 1024;
constexpr std::size_t most_configs = 64;
constexpr std::string_view attributes_name = ".gitattributes";
/// git hash-object of nothing.
constexpr std::array<unsigned char, sha1_id> empty_blob{0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b,
                                                        0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2, 0xe4, 0x8c, 0x53, 0x91};

bool is_file_of_its_own(const git_index_entry& e) {
  return (e.mode & 0170000) == 0100000 && e.stage == 0 && !e.assume_valid && !e.skip_worktree && !e.intent_to_add;
}

struct split_time {
  std::uint32_t seconds;
  std::uint32_t nanoseconds;
};
split_time split(std::int64_t time) noexcept {
  std::int64_t seconds = time / 1'000'000'000;
  if (time % 1'000'000'000 < 0) --seconds;
  return {static_cast<std::uint32_t>(seconds), static_cast<std::uint32_t>(time - seconds * 1'000'000'000)};
}

/// The text, or nothing when there is no such file; `known` becomes false when it cannot be known.
std::optional<std::string> text_of(const std::string& path, bool& known) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) {
    known = known && (errno == ENOENT || errno == ENOTDIR);
    return std::nullopt;
  }
  auto text = read_file(path, "", max_git_config, std::chrono::milliseconds(0));
  known = known && text.has_value();
  return text.has_value() ? std::optional(std::move(*text)) : std::nullopt;
}

/// What git's configuration says of conversions, whichever of its files count.
class conversion_config {
 public:
  conversion_config(const git_work_tree& tree, std::string home, std::string xdg) : home_(std::move(home)) {
    std::string config_home = !xdg.empty() ? xdg : home_.empty() ? std::string() : home_ + "/.config";
    if (!config_home.empty()) attributes.push_back(config_home + "/git/attributes");
    attributes.push_back("/etc/gitattributes");
    read("/etc/gitconfig");
    if (!config_home.empty()) read(config_home + "/git/config");
    if (!home_.empty()) read(home_ + "/.gitconfig");
    read(tree.common_dir + "/config");
    read(tree.git_dir + "/config.worktree");
  }

  std::vector<std::string> attributes;  // files with attributes for all of the work tree
  bool known = true;
  bool converts = false;

 private:
  std::string place(const std::string& value, const std::string& file) const {
    if (value.starts_with("~/")) return home_ + value.substr(1);
    return value.starts_with('/') ? value : std::string(parent_path(file)) + '/' + value;
  }

  void read(const std::string& file) {
    if (!seen_.insert(file).second) return;
    if (seen_.size() > most_configs) {
      known = false;
      return;
    }
    const auto text = text_of(file, known);
    if (!text) return;
    for (const git_config_item& item : git_config_items(*text)) {
      const bool included = item.section == "include" || item.section.starts_with("includeif ");
      if (included && item.key == "path") read(place(item.value, file));
      if (item.section != "core") continue;
      if (item.key == "attributesfile" && !item.value.empty()) attributes.push_back(place(item.value, file));
      if (item.key != "autocrlf") continue;
      const std::string value = lower(item.value);
      converts = converts || !(value == "false" || value == "no" || value == "off" || value == "0" || value.empty());
    }
  }

  const std::string home_;
  std::set<std::string> seen_;
};

/// Those of the tree itself: what git tracks, and what stands between its root and the context.
void add_tree_attributes(const git_work_tree& tree, const git_index& index, const std::string& inside, git_conversions& to) {
  std::set<std::string, std::less<>> directories{""};
  for (std::size_t end = inside.find('/'); !inside.empty(); end = inside.find('/', end + 1)) {
    directories.emplace(inside.substr(0, end));
    if (end == inside.npos) break;
  }
  std::set<std::string, std::less<>> tracked;
  for (const git_index_entry& e : index.entries) {
    if (base_name(index.path(e)) != attributes_name) continue;
    tracked.emplace(parent_path(index.path(e)));
  }
  directories.insert(tracked.begin(), tracked.end());
  for (const std::string& directory : directories) {
    bool known = true;
    const auto text = text_of(join_path(tree.root, join_path(directory, attributes_name)), known);
    if (text) to.add(*text, directory);
    // git takes one that is not checked out from the index.
    if (!known || (!text && tracked.contains(directory))) to.add_unknown(directory);
  }
}

}  // namespace

git_blobs::git_blobs(const git_index& index, std::int64_t written, std::string inside, git_conversions conversions)
    : written_(written), inside_(std::move(inside)), conversions_(std::move(conversions)) {
  if (index.id_size != sha1_id) return;
  const std::string prefix = inside_.empty() ? std::string() : inside_ + '/';
  for (const git_index_entry& e : index.entries) {
    if (!is_file_of_its_own(e)) continue;
    std::string_view path = index.path(e);
    if (!path.starts_with(prefix)) continue;
    path.remove_prefix(prefix.size());
    record& r = records_.emplace_back();
    r.path_begin = static_cast<std::uint32_t>(paths_.size());
    r.path_size = static_cast<std::uint32_t>(path.size());
    r.size = e.size;
    r.mod_seconds = e.mod_seconds;
    r.mod_nanoseconds = e.mod_nanoseconds;
    r.change_seconds = e.change_seconds;
    r.change_nanoseconds = e.change_nanoseconds;
    r.inode = e.inode;
    std::copy_n(e.id.begin(), r.id.size(), r.id.begin());
    paths_ += path;
  }
  table_.resize(std::bit_ceil(records_.size() * 2 + 1));
  for (std::uint32_t i = 0; i < records_.size(); ++i) {
    const std::string_view path = std::string_view(paths_).substr(records_[i].path_begin, records_[i].path_size);
    std::size_t at = quick_hash(path) & (table_.size() - 1);
    while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = i + 1;
  }
}

const git_blobs::record* git_blobs::find(std::string_view path) const {
  if (table_.empty()) return nullptr;
  for (std::size_t at = quick_hash(path) & (table_.size() - 1); table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    const record& r = records_[table_[at] - 1];
    if (std::string_view(paths_).substr(r.path_begin, r.path_size) == path) return &r;
  }
  return nullptr;
}

std::string git_blobs::in_work_tree(std::string_view path) const { return join_path(inside_, path); }

std::optional<blob_id> git_blobs::find(std::string_view path, std::int64_t size, const file_numbers& now) const {
  const record* const r = find(path);
  if (r == nullptr || now.mod_time >= written_ || now.change_time >= written_) return std::nullopt;
  const split_time mod = split(now.mod_time);
  const split_time change = split(now.change_time);
  if (r->size != static_cast<std::uint32_t>(size) || r->inode != static_cast<std::uint32_t>(now.inode) ||
      r->mod_seconds != mod.seconds || r->mod_nanoseconds != mod.nanoseconds || r->change_seconds != change.seconds ||
      r->change_nanoseconds != change.nanoseconds)
    return std::nullopt;
  // git gives an entry the size 0 when it could not tell any more whether the file changed.
  const bool empty = std::equal(r->id.begin(), r->id.end(), empty_blob.begin(),
                                [](std::byte a, unsigned char b) { return std::to_integer<unsigned char>(a) == b; });
  if (empty != (size == 0)) return std::nullopt;
  const bool has_untracked = has_untracked_.load(std::memory_order_acquire);
  if (conversions_.empty() && !has_untracked) return r->id;
  const std::string whole = in_work_tree(path);
  if (conversions_.may_convert(whole)) return std::nullopt;
  if (has_untracked) {
    const std::lock_guard lock(mutex_);
    if (untracked_.may_convert(whole)) return std::nullopt;
  }
  return r->id;
}

void git_blobs::found_attributes(const std::string& directory) const {
  // The root's were read, whoever made them.
  if (directory.empty() || find(join_path(directory, attributes_name)) != nullptr) return;
  const std::lock_guard lock(mutex_);
  untracked_.add_unknown(in_work_tree(directory));
  has_untracked_.store(true, std::memory_order_release);
}

std::shared_ptr<const git_blobs> open_git_blobs(const std::string& root, const std::string& home, const std::string& xdg_config_home) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(root.c_str(), nullptr), &std::free);
  if (!real) return nullptr;
  const std::string path = real.get();
  const auto tree = work_tree_around(path);
  if (!tree) return nullptr;
  const conversion_config config(*tree, home, xdg_config_home);
  if (!config.known || config.converts) return nullptr;
  // Before it is read: one that replaces it meanwhile is newer than it is taken for.
  struct stat st {};
  if (::stat((tree->git_dir + "/index").c_str(), &st) != 0) return nullptr;
  const auto index = read_git_index(*tree);
  // Of a split index the other part may be older.
  if (index.has_error() || !*index || (*index)->was_split) return nullptr;
  std::string inside = tree->root.size() < path.size() ? path.substr(tree->root == "/" ? 1 : tree->root.size() + 1) : std::string();
  git_conversions conversions;
  bool known = true;
  std::vector<std::string> files = config.attributes;
  files.push_back(tree->common_dir + "/info/attributes");
  for (const std::string& file : files)
    if (const auto text = text_of(file, known)) conversions.add(*text, "");
  if (!known) return nullptr;
  add_tree_attributes(*tree, **index, inside, conversions);
  const std::int64_t written = static_cast<std::int64_t>(st.st_mtim.tv_sec) * 1'000'000'000 + st.st_mtim.tv_nsec;
  return std::make_shared<const git_blobs>(**index, written, std::move(inside), std::move(conversions));
}

}  // namespace peelbox::filesync
