// Extended attributes of directory entries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/filesync/file_tree.hpp"

namespace peelbox::filesync {

using xattr_list = std::vector<std::pair<std::string, std::string>>;

/// Before Linux 6.13 no call reads attributes of an entry below an open directory, so a thread that has a working directory
/// of its own goes there. While an object of this class lives, the thread that made it stays in the directory it went to
/// last, which saves the way back for each entry: one directory's entries at a time, and no relative paths meanwhile.
class xattr_visit {
 public:
  xattr_visit() noexcept;
  ~xattr_visit();
  xattr_visit(const xattr_visit&) = delete;
  xattr_visit& operator=(const xattr_visit&) = delete;
};

/// Reads the attributes of entry `name` (zero-terminated behind its view) of a directory, without following a
/// link, sorted by name. As the reference does (fsutil/stat_unix.go), names that start with "com.apple." and
/// attributes that cannot be read are left out. Returns 0 or the errno of listing; ENOTSUP means that the file
/// system has none.
int read_xattrs(int directory, std::string_view name, entry_xattrs& out);

/// Stands for what this process is shown of attributes: those of trusted.* only with CAP_SYS_ADMIN outside of user namespaces
/// (xattr(7)). Never 0.
std::uint32_t xattr_view();

/// Whether on a file system of that kind (statfs(2), f_type) each change of an entry's attributes gives it another change time.
/// tmpfs does so since some release before Linux 6.6, and what is below an overlay may be one.
bool xattrs_change_times(std::uint32_t file_system, std::string_view kernel_release) noexcept;

/// Sets what the file system and our rights allow; the rest is left out, as the reference does
/// (fsutil/diskwriter_unix.go). Never follows a link.
void write_xattrs(int directory, const std::string& name, const xattr_list& attributes) noexcept;

}  // namespace peelbox::filesync
