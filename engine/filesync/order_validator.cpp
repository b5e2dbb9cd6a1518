#include "engine/filesync/order_validator.hpp"

#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {
failure broken(const std::string& path, std::string_view rule) {
  return failure(errc::protocol, "entry " + in_quotes(path) + " is not allowed: " + std::string(rule),
                 origin::peer);
}
}  // namespace

result<void> order_validator::check(const stat_entry& entry) {
  if (const auto problem = path_problem(entry.path)) return broken(entry.path, *problem);
  if (!last_path_.empty() && compare_paths(last_path_, entry.path) >= 0) {
    return broken(entry.path, "it comes after " + in_quotes(last_path_) + ", which breaks the order of entries");
  }
  const std::string_view parent = parent_path(entry.path);
  while (!open_directories_.empty() && open_directories_.back() != parent &&
         !is_below(parent, open_directories_.back())) {
    open_directories_.pop_back();
  }
  const std::string_view nearest = open_directories_.empty() ? std::string_view() : open_directories_.back();
  if (nearest != parent) return broken(entry.path, "its directory was not announced before it");
  if (entry.is_hard_link() && !files_.contains(entry.linkname)) {
    return broken(entry.path,
                  "it is a hard link to " + in_quotes(entry.linkname) + ", which was not announced as a file");
  }
  if (entry.has_data()) files_.insert(entry.path);
  if (entry.is_directory()) open_directories_.push_back(entry.path);
  last_path_ = entry.path;
  return {};
}

}  // namespace peelbox::filesync
