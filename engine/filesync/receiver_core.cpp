#include "engine/filesync/receiver_core.hpp"

#include <fmt/format.h>

#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

result<std::optional<disk_step>> receiver_core::announced(stat_entry&& entry) {
  if (result<void> checked = validator_.check(entry); !checked) return checked.error();
  if ((entry.mode & (go_mode::socket | go_mode::irregular)) != 0) {
    return broken("entry " + in_quotes(entry.path) + " has a type that cannot be written to disk");
  }
  if (entry.linkname.find('\0') != std::string::npos)
    return broken("link " + in_quotes(entry.path) + " has a zero byte in it");
  const std::uint32_t id = next_id_++;
  if (entry.is_directory()) {
    ++stats_.directories;
  } else if (entry.is_symlink()) {
    ++stats_.links;
  } else if (entry.is_regular()) {
    ++stats_.files;
    if (entry.is_hard_link()) ++stats_.hard_links;
  } else {
    ++stats_.others;
  }
  if (!entry.has_data()) {
    disk_step step;
    step.id = id;
    step.entry = std::move(entry);
    return std::optional<disk_step>(std::move(step));
  }
  if (entry.size > 0) stats_.bytes_listed += static_cast<std::uint64_t>(entry.size);
  files_[id].entry = std::move(entry);
  to_request_.push_back(id);
  return std::optional<disk_step>();
}

result<receiver_core::file*> receiver_core::file_of(std::uint32_t id) {
  const auto it = files_.find(id);
  if (it == files_.end() || !it->second.requested) {
    return broken(
        fmt::format("the sender sent contents of file number {}, which was not asked for or had ended", id));
  }
  return &it->second;
}

failure receiver_core::wrong_size(const file& f) {
  return broken(fmt::format("the daemon announced {} bytes of file {} and sent {}{}", f.entry.size, in_quotes(f.entry.path),
                            f.received, f.received > static_cast<std::uint64_t>(f.entry.size) ? " or more" : ""));
}

std::optional<std::uint32_t> receiver_core::next_request() {
  if (to_request_.empty() || under_way_ >= max_under_way) return std::nullopt;
  const std::uint32_t id = to_request_.front();
  to_request_.pop_front();
  files_[id].requested = true;
  ++under_way_;
  ++stats_.files_requested;
  return id;
}

}  // namespace peelbox::filesync
