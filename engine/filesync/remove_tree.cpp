#include "engine/filesync/remove_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "engine/filesync/beneath.hpp"

namespace peelbox::filesync {

int list_names(int directory, std::string& zero_separated) {
  // A descriptor of its own, because the reading position belongs to the descriptor.
  unique_fd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno;
  struct close_dir {
    void operator()(DIR* d) const noexcept { ::closedir(d); }
  };
  const int raw = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
  std::unique_ptr<DIR, close_dir> dir(raw < 0 ? nullptr : ::fdopendir(raw));
  if (!dir) {
    const int error = errno;
    if (raw >= 0) ::close(raw);
    return error;
  }
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) return errno;
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    zero_separated.append(entry->d_name).push_back('\0');
  }
}

int remove_tree(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  const int unlink_error = errno;
  unique_fd inner(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner) return errno == ENOTDIR || errno == ELOOP ? unlink_error : errno;
  std::string names;
  if (const int error = list_names(inner.get(), names)) return error;
  for (std::size_t at = 0; at < names.size();) {
    const std::string child = names.c_str() + at;
    at += child.size() + 1;
    if (const int error = remove_tree(inner.get(), child)) return error;
  }
  return ::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace peelbox::filesync
