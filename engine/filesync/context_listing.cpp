#include "engine/filesync/context_listing.hpp"

#include <set>
#include <utility>
#include <vector>

#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/path_order.hpp"
#include "engine/filesync/walk_directory.hpp"

namespace peelbox::filesync {

namespace {

/// A directory on the way to the current entry.
struct level {
  std::shared_ptr<walk_directory> directory;
  walked_slice slice;
  std::size_t name = 0;
  std::size_t entry = 0;
  bool withheld = false;  // not given out yet
};

class listing {
 public:
  listing(opened_context context, listing_options options, const std::function<bool(const listed_entry&)>& use)
      : walk_{std::move(context.tree), std::move(context.rules), {}}, options_(options), use_(use) {}

  result<void> run() {
    auto root = std::make_shared<walk_directory>();
    if (result<void> entered = enter(std::move(root), false); !entered) return entered;
    while (!levels_.empty() && wanted_) {
      level& at = levels_.back();
      if (at.name == at.directory->names.size()) {
        if (at.slice.error) return *at.slice.error;
        leave();
        continue;
      }
      const std::size_t index = at.name++;
      const std::string_view name = at.directory->names.name(index);
      const auto& entries = at.slice.chunk->entries;
      if (at.entry < entries.size() && at.slice.chunk->name(entries[at.entry]) == name) {
        const walk_entry& entry = entries[at.entry++];
        std::shared_ptr<walk_directory> child = entry.child == 0 ? nullptr : at.slice.children[entry.child - 1];
        if (!entry.withheld) give_sent(at, entry, name);
        if (!child) continue;
        if (result<void> entered = enter(std::move(child), entry.withheld); !entered) return entered;
      } else if (options_.left_out) {
        give_left_out(*at.directory, join_path(at.directory->path, name), at.directory->names.kind(index));
      }
    }
    return {};
  }

 private:
  result<void> enter(std::shared_ptr<walk_directory> directory, bool withheld) {
    if (result<void> listed = open_and_list(walk_, *directory); !listed) return listed;
    level next;
    next.withheld = withheld;
    next.slice.chunk = std::make_shared<walk_chunk>();
    if (directory->handle) next.slice = walk_slice(walk_, *directory, 0, directory->names.size());
    directory->handle.reset();
    next.directory = std::move(directory);
    levels_.push_back(std::move(next));
    return {};
  }

  void leave() {
    const level last = std::move(levels_.back());
    levels_.pop_back();
    if (last.withheld && options_.left_out && !levels_.empty())
      give_left_out(*levels_.back().directory, last.directory->path, entry_kind::directory);
  }

  void give_sent(level& at, const walk_entry& entry, std::string_view name) {
    for (std::size_t i = 1; i < levels_.size(); ++i) {
      if (!std::exchange(levels_[i].withheld, false)) continue;
      listed_entry above;
      above.path = levels_[i].directory->path;
      above.kind = entry_kind::directory;
      above.sent = true;
      above.why = "something below it is sent";
      give(above);
    }
    listed_entry found;
    found.path = join_path(at.directory->path, name);
    found.kind = entry.kind;
    found.sent = true;
    const bool again = entry.several_names && !seen_.emplace(entry.device, entry.inode).second;
    if (entry.kind == entry_kind::regular && !again) found.bytes = static_cast<std::uint64_t>(entry.size);
    if (options_.left_out) {
      found.rule = walk_.rules->decide(found.path, entry.kind == entry_kind::directory, at.directory->scope);
      found.why = found.rule.describe();
    }
    give(found);
  }

  void give_left_out(const walk_directory& around, std::string path, entry_kind kind) {
    listed_entry found;
    found.path = std::move(path);
    found.kind = kind;
    found.rule = walk_.rules->decide(found.path, kind == entry_kind::directory, around.scope);
    found.why = found.rule.sends ? std::string(never_sent) + ", or it is gone" : found.rule.describe();
    give(found);
  }

  void give(const listed_entry& entry) { wanted_ = wanted_ && use_(entry); }

  const walk_context walk_;
  const listing_options options_;
  const std::function<bool(const listed_entry&)>& use_;
  std::vector<level> levels_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;
  bool wanted_ = true;
};

}  // namespace

result<void> list_context(const context_source& source, const request_filters& request, listing_options options,
                          const std::function<bool(const listed_entry&)>& use) {
  auto context = open_context(source, request);
  if (!context) return context.error();
  return listing(std::move(*context), options, use).run();
}

}  // namespace peelbox::filesync
