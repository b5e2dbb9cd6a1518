// Extended attributes of directory entries.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peelbox::filesync {

using xattr_list = std::vector<std::pair<std::string, std::string>>;

/// Reads the attributes of entry `name` (zero-terminated behind its view) of a directory, without following a
/// link, sorted by name. As the reference does (fsutil/stat_unix.go), names that start with "com.apple." and
/// attributes that cannot be read are left out. Gives 0 or the errno of listing; ENOTSUP means that the file
/// system has none.
int read_xattrs(int directory, std::string_view name, xattr_list& out);

/// Sets what the file system and our rights allow; the rest is left out, as the reference does
/// (fsutil/diskwriter_unix.go). Never follows a link.
void write_xattrs(int directory, const std::string& name, const xattr_list& attributes) noexcept;

}  // namespace peelbox::filesync
