#include "engine/filesync/walk_directory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "engine/async/clock.hpp"
#include "engine/filesync/entry_times.hpp"
#include "engine/filesync/fingerprinted_context.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/path_order.hpp"
#include "engine/filesync/stat.hpp"
#include "engine/filesync/xattrs.hpp"

namespace peelbox::filesync {

namespace {

// git gives up on .gitignore files above 100 MB; a hundredth of that is still no ignore file.
constexpr std::size_t max_gitignore = 1024 * 1024;

failure cannot_read(std::string_view what, std::string_view path, const failure& why) {
  const std::string where = path.empty() ? "the root of the context" : in_quotes(path) + " of the context";
  failure f(errc::context, fmt::format("cannot {} {}: {}", what, where, why.text), origin::user);
  if (why.code == errc::permission) f.text += "; make it readable or exclude it in .dockerignore";
  return f;
}

entry_kind kind_of(std::uint32_t posix_mode) noexcept {
  if (S_ISREG(posix_mode)) return entry_kind::regular;
  if (S_ISDIR(posix_mode)) return entry_kind::directory;
  if (S_ISLNK(posix_mode)) return entry_kind::symlink;
  return entry_kind::other;
}

void fill_stat(stat_entry& out, const walk_options& options, entry_details&& d) {
  const bool socket = S_ISSOCK(d.posix_mode);
  out.mode = go_mode_of(d.posix_mode) & ~go_mode::socket;
  out.uid = options.reset_owner ? 0 : d.uid;
  out.gid = options.reset_owner ? 0 : d.gid;
  out.mod_time = d.mod_time;
  const bool device = (out.mode & go_mode::device) != 0;
  out.dev_major = device ? device_major(d.special_device) : 0;
  out.dev_minor = device ? device_minor(d.special_device) : 0;
  out.linkname = std::move(d.link_target);
  out.size = out.is_regular() && !socket ? d.size : static_cast<std::int64_t>(out.linkname.size());
  if (out.is_symlink()) out.mode |= go_mode::permissions;
}

// One slice under construction.
class slice_walk {
 public:
  slice_walk(const walk_context& context, const walk_directory& directory)
      : context_(context),
        directory_(directory),
        prefix_(directory.path.empty() ? "" : directory.path + "/"),
        began_(wall_clock()) {
    slice_.chunk = std::make_shared<walk_chunk>();
  }

  void reserve(std::size_t count) {
    slice_.chunk->entries.reserve(count);
    slice_.chunk->packets.reserve(count * (48 + prefix_.size()));
  }

  /// False after a failure.
  bool visit(std::string_view name, entry_kind kind) {
    walk_chunk& chunk = *slice_.chunk;
    ++chunk.considered;
    stat_.path.assign(prefix_).append(name);
    if (is_reserved_path(stat_.path)) return true;
    std::optional<entry_details> details;
    auto verdict = filter::verdict::skip;
    if (kind != entry_kind::unknown) verdict = judge(kind);
    if (kind == entry_kind::unknown || verdict != filter::verdict::skip) {
      result<entry_details> read = directory_.handle->details(name);
      if (!read) return unreadable_entry(read.error(), kind == entry_kind::unknown ? judge(kind) : verdict);
      details = std::move(*read);
      const entry_kind actual = kind_of(details->posix_mode);
      // The listing may not know types, or the entry was replaced since.
      if ((actual == entry_kind::directory) != (kind == entry_kind::directory) ||
          kind == entry_kind::unknown) {
        verdict = judge(actual);
      }
      kind = actual;
    }
    if (verdict == filter::verdict::skip) {
      ++chunk.excluded;
      return true;
    }
    return add(name, kind, std::move(*details), verdict);
  }

  walked_slice take() { return std::move(slice_); }

 private:
  filter::verdict judge(entry_kind kind) {
    if (context_.rules->empty()) return filter::verdict::send;
    return context_.rules->judge(stat_.path, kind == entry_kind::directory, directory_.scope, inner_);
  }

  bool unreadable_entry(const failure& why, filter::verdict verdict) {
    if (why.code == errc::not_found) return true;
    if (why.code == errc::permission && verdict != filter::verdict::send) {
      ++slice_.chunk->excluded;
      return true;
    }
    slice_.error = cannot_read("read", stat_.path, why);
    return false;
  }

  bool add(std::string_view name, entry_kind kind, entry_details&& details, filter::verdict verdict) {
    walk_entry e;
    e.kind = kind;
    e.withheld = verdict == filter::verdict::look_inside;
    e.several_names = kind == entry_kind::regular && details.links > 1;
    e.has_contents = kind == entry_kind::regular;
    if (S_ISSOCK(details.posix_mode)) e.kind = entry_kind::regular;
    e.size = e.has_contents ? details.size : 0;
    e.mod_time = details.mod_time;
    e.change_time = details.change_time;
    e.inode = details.inode;
    e.device = details.device;
    fill_stat(stat_, context_.options, std::move(details));
    if (!can_be_sent(stat_.mode)) return true;
    const result<bool> plain = read_attributes(name, e);
    if (!plain) return unreadable_entry(plain.error(), verdict);
    announce_time(e, *plain);
    walk_chunk& chunk = *slice_.chunk;
    e.packet_begin = static_cast<std::uint32_t>(chunk.packets.size());
    const stat_packet_parts parts = append_stat_packet(chunk.packets, stat_);
    e.packet_end = static_cast<std::uint32_t>(chunk.packets.size());
    e.name_begin = static_cast<std::uint32_t>(parts.path_end - name.size());
    e.time_begin = static_cast<std::uint32_t>(parts.time_begin);
    e.time_size = static_cast<std::uint8_t>(parts.time_end - parts.time_begin);
    e.name_size = static_cast<std::uint16_t>(name.size());
    if (kind == entry_kind::directory) {
      auto child = std::make_shared<walk_directory>();
      child->path = stat_.path;
      child->scope = std::move(inner_);
      child->withheld = e.withheld;
      inner_ = {};
      slice_.children.push_back(std::move(child));
      e.child = slice_.children.size();
    }
    chunk.entries.push_back(e);
    return true;
  }

  /// Whether it is known to have none, now and as long as its change time stays: that of an entry that changed in this tick of
  /// the kernel's clock may stay although it gets some.
  result<bool> read_attributes(std::string_view name, const walk_entry& e) {
    stat_.xattrs.clear();
    const entry_times* const times = context_.options.times.get();
    if (times != nullptr && e.has_contents && times->is_plain(stat_.path, e.device, {e.mod_time, e.change_time, e.inode})) return true;
    result<entry_xattrs> found = directory_.handle->xattrs(name, e.device);
    if (!found) return found.error();
    stat_.xattrs = std::move(found->values);
    if (!found->none) return false;
    const auto rest = settling_time(e.change_time, began_);
    return rest && rest->count() == 0;
  }

  void announce_time(walk_entry& e, bool plain) {
    const entry_times* const times = context_.options.times.get();
    if (times == nullptr) return;
    if (!e.has_contents) {
      stat_.mod_time = times->of_other(stat_.mod_time);
      return;
    }
    const announced_time said =
        times->of_file(stat_.path, e.size, e.device, {e.mod_time, e.change_time, e.inode}, plain, context_.stopped);
    stat_.mod_time = e.announced_time = said.time;
    e.stands_for_contents = said.stands_for_contents;
    e.inode_counts = said.inode_counts;
  }

  const walk_context& context_;
  const walk_directory& directory_;
  std::string prefix_;
  const std::int64_t began_;
  stat_entry stat_;
  filter::scope inner_;
  walked_slice slice_;
};

// The repository that begins here, and the .gitignore.
result<void> read_git_rules(const walk_context& context, walk_directory& directory) {
  const auto has = [&](std::string_view name) { return directory.names.find(name) != directory.names.size(); };
  const git_repositories* const repositories = context.rules->repositories();
  if (repositories != nullptr && (directory.path.empty() || has(".git"))) {
    auto entered = repositories->enter(directory.path, directory.scope.git);
    if (!entered) return failure(errc::context, entered.error().text, origin::user);
    directory.scope.git = std::move(*entered);
  }
  if (!has(".gitignore")) return {};
  const std::string path = join_path(directory.path, ".gitignore");
  const auto content = read_whole_file(*context.tree, path, max_gitignore);
  if (!content) {
    // git ignores links and directories of that name too.
    if (content.error().code == errc::not_found) return {};
    return failure(errc::context,
                   fmt::format("cannot read {} of the context: {}; make it readable, exclude its directory in "
                               ".dockerignore, or build with --no-gitignore",
                               in_quotes(path), content.error().text),
                   origin::user);
  }
  directory.scope.git = git_ignore_scope::inner(directory.scope.git, directory.path,
                                                std::make_shared<const git_ignore_file>(*content));
  return {};
}

}  // namespace

result<void> open_and_list(const walk_context& context, walk_directory& directory) {
  const auto tolerate = [&](const failure& why) -> result<void> {
    directory.names = name_list();
    const bool root = directory.path.empty();
    if (!root && (why.code == errc::not_found || (why.code == errc::permission && directory.withheld)))
      return {};
    return cannot_read("read directory", directory.path, why);
  };
  auto handle = context.tree->directory(directory.path);
  if (!handle) return tolerate(handle.error());
  auto names = (*handle)->list();
  if (!names) return tolerate(names.error());
  directory.handle = std::move(*handle);
  directory.names = std::move(*names);
  if (context.options.times) context.options.times->enter(directory.path, directory.names);
  if (!context.rules->uses_gitignore()) return {};
  result<void> known = read_git_rules(context, directory);
  // What is below a withheld directory is sent only where somebody named it; rules that cannot be read do not change that.
  if (!known && directory.withheld) return {};
  return known;
}

walked_slice walk_slice(const walk_context& context, const walk_directory& directory, std::size_t begin,
                        std::size_t end) {
  slice_walk walk(context, directory);
  walk.reserve(end - begin);
  const xattr_visit visit;
  for (std::size_t i = begin; i < end; ++i) {
    if (context.stopped != nullptr && context.stopped->load(std::memory_order_relaxed)) break;
    if (!walk.visit(directory.names.name(i), directory.names.kind(i))) break;
  }
  return walk.take();
}

}  // namespace peelbox::filesync
