#include "engine/filesync/file_table.hpp"

#include <algorithm>
#include <utility>

namespace peelbox::filesync {

file_table::name_ref file_table::keep(std::string_view name) {
  if (used_ + name.size() > block_size) {
    blocks_.push_back(std::unique_ptr<char[]>(new char[block_size]));
    used_ = 0;
  }
  name_ref ref;
  ref.block = static_cast<std::uint32_t>(blocks_.size() - 1);
  ref.offset = static_cast<std::uint16_t>(used_);
  ref.size = static_cast<std::uint16_t>(name.size());
  name.copy(blocks_.back().get() + used_, name.size());
  used_ += name.size();
  return ref;
}

file_table::directory file_table::add_directory(directory parent, std::string_view name) {
  directories_.push_back({parent, keep(name)});
  return static_cast<directory>(directories_.size() - 1);
}

void file_table::add_file(std::uint32_t id, directory parent, std::string_view name,
                          const file_identity& announced, bool has_contents, bool exact) {
  files_.push_back({announced.size, announced.mod_time, announced.change_time, announced.inode, id, parent, keep(name), false,
                    has_contents, exact});
}

std::optional<std::uint32_t> file_table::mark_requested(std::uint32_t id) noexcept {
  const auto it = std::lower_bound(files_.begin(), files_.end(), id,
                                   [](const file_record& f, std::uint32_t wanted) { return f.id < wanted; });
  if (it == files_.end() || it->id != id || std::exchange(it->requested, true)) return std::nullopt;
  return static_cast<std::uint32_t>(it - files_.begin());
}

file_table::file file_table::at(std::uint32_t position) const {
  const file_record& record = files_[position];
  std::vector<std::string_view> names{text(record.name)};
  std::size_t size = record.name.size;
  for (directory d = record.parent; d != root; d = directories_[d].parent) {
    names.push_back(text(directories_[d].name));
    size += names.back().size() + 1;
  }
  file f{record.id, {}, {record.size, record.mod_time, record.change_time, record.inode}, record.has_contents, record.exact};
  f.path.reserve(size);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!f.path.empty()) f.path += '/';
    f.path += *name;
  }
  return f;
}

}  // namespace peelbox::filesync
