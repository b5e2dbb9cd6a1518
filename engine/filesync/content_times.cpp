#include "engine/filesync/content_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <thread>
#include <utility>

#include "engine/async/clock.hpp"
#include "engine/filesync/announced_times.hpp"
#include "engine/filesync/fingerprinted_context.hpp"
#include "engine/filesync/xattrs.hpp"
#include "engine/oci/digest.hpp"
#include "engine/oci/sha1.hpp"

namespace peelbox::filesync {

namespace {

constexpr std::int64_t nanos_of_a_second = 1'000'000'000;
/// Another layout, or another meaning, has another one.
constexpr std::uint64_t hashes_kind = 0x32'62'6F'6C'62'62'6C'70U;
constexpr std::size_t piece = 64 * 1024;

std::int64_t in_second(std::uint64_t number) noexcept {
  return content_second * nanos_of_a_second + static_cast<std::int64_t>(number % static_cast<std::uint64_t>(nanos_of_a_second));
}

bool is_stopped(const std::atomic<bool>* stopped) noexcept {
  return stopped != nullptr && stopped->load(std::memory_order_relaxed);
}

/// std::nullopt when it is not what the numbers say, before or afterwards.
std::optional<blob_id> read_blob(const file_tree& tree, const std::string& path, const file_identity& judged,
                                 const std::atomic<bool>* stopped) {
  auto file = tree.file(path);
  if (!file) return std::nullopt;
  const auto same = [&] {
    const auto now = (*file)->identify();
    return now.has_value() && now->size == judged.size && now->mod_time == judged.mod_time && now->change_time == judged.change_time &&
           (judged.inode == 0 || now->inode == judged.inode);
  };
  if (!same()) return std::nullopt;
  oci::sha1 hash;
  const std::string head = fmt::format("blob {}", judged.size);
  hash.update(std::string_view(head.c_str(), head.size() + 1));
  std::array<std::byte, piece> buffer;
  const auto size = static_cast<std::uint64_t>(judged.size);
  for (std::uint64_t done = 0; done < size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - done));
    const auto count = (*file)->read(done, buffer.data(), wanted);
    if (!count || *count != wanted || is_stopped(stopped)) return std::nullopt;
    hash.update(byte_view(buffer.data(), wanted));
    done += wanted;
  }
  if (!same()) return std::nullopt;
  return hash.finish();
}

}  // namespace

std::int64_t content_time(const blob_id& blob, std::string_view key) {
  std::uint64_t number = 0;
  if (key.empty()) {
    for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | std::to_integer<std::uint64_t>(blob[i]);
    return in_second(number);
  }
  oci::sha256 hash;
  hash.update(key);
  hash.update(byte_view(blob));
  const std::string digest = hash.finish();
  const char* const digits = digest.data() + std::string_view("sha256:").size();
  std::from_chars(digits, digits + 16, number, 16);
  return in_second(number);
}

content_times::content_times(std::shared_ptr<const file_tree> tree, std::optional<std::uint64_t> device, std::string memory,
                             std::string key, std::shared_ptr<const git_blobs> git, bool tells)
    : tree_(std::move(tree)),
      device_(device),
      view_(tells ? xattr_view() : 0),
      memory_(std::move(memory), hashes_kind),
      key_(std::move(key)),
      git_(std::move(git)),
      seed_(std::uint64_t{std::random_device{}()} << 32 | std::random_device{}()) {}

void content_times::enter(const std::string& path, const name_list& names) const {
  if (git_ && names.find(".gitattributes") != names.size()) git_->found_attributes(path);
}

std::int64_t content_times::time_of_its_own(std::string_view path) const {
  const std::uint64_t mixed[] = {seed_, quick_hash(path)};
  return in_second(quick_hash(mixed, sizeof mixed));
}

bool content_times::is_plain(const std::string& path, std::uint64_t device, const file_numbers& now) const {
  if (view_ == 0 || device_ != device) return false;
  const remembered_blob* const known = memory_.find(quick_hash(path));
  return known != nullptr && known->plain == view_ && known->mod_time == now.mod_time && known->change_time == now.change_time &&
         known->inode == now.inode;
}

announced_time content_times::of_file(const std::string& path, std::int64_t size, std::uint64_t device, const file_numbers& now,
                                      bool plain, const std::atomic<bool>* stopped) const {
  const bool telling = device_ == device;
  const std::uint64_t key = quick_hash(path);
  if (telling) {
    if (git_)
      if (const auto blob = git_->find(path, size, now)) return {content_time(*blob, key_), true, true};
    const remembered_blob* const known = memory_.find(key);
    if (known != nullptr && known->size == size && known->mod_time == now.mod_time && known->change_time == now.change_time &&
        known->inode == now.inode) {
      if (plain && view_ != 0 && known->plain != view_) {
        remembered_blob more = *known;
        more.plain = view_;
        memory_.put(more);
      }
      return {content_time(known->blob, key_), true, true};
    }
    // Of a file that changed in this tick of the clock the next change would not be seen.
    const auto rest = settling_time(now.change_time, wall_clock());
    if (!rest) return {time_of_its_own(path), false, true};
    if (rest->count() > 0) std::this_thread::sleep_for(*rest);
  }
  const file_identity judged{size, now.mod_time, now.change_time, telling ? static_cast<std::uint32_t>(now.inode) : 0};
  const auto blob = read_blob(*tree_, path, judged, stopped);
  if (!blob) return {time_of_its_own(path), false, telling};
  read_.fetch_add(1, std::memory_order_relaxed);
  if (telling) memory_.put({key, size, now.mod_time, now.change_time, now.inode, *blob, plain ? view_ : 0});
  return {content_time(*blob, key_), true, telling};
}

std::shared_ptr<const entry_times> open_content_times(const context_source& source, std::shared_ptr<const file_tree> tree,
                                                      std::optional<std::uint64_t> device) {
  const content_time_options& how = *source.content_times;
  std::shared_ptr<const git_blobs> git;
  if (device && how.believe_git) git = open_git_blobs(source.root, source.home, source.xdg_config_home);
  return std::make_shared<const content_times>(std::move(tree), device, device ? source.memory : std::string(), how.key, std::move(git),
                                               device && tells_xattrs(source.root));
}

}  // namespace peelbox::filesync
