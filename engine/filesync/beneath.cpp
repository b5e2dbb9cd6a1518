#include "engine/filesync/beneath.hpp"

#include <linux/openat2.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <climits>

namespace peelbox::filesync {

namespace {

// openat2 came with Linux 5.6, and container sandboxes may refuse it. We find out once.
std::atomic<bool> has_openat2{true};

int step_by_step(int root, const std::string& path, int flags) noexcept {
  unique_fd current;
  std::size_t begin = 0;
  // A single name fits into this on every file system.
  char name[1024];
  while (true) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::size_t size = end - begin;
    if (size >= sizeof name) {
      errno = ENAMETOOLONG;
      return -1;
    }
    path.copy(name, size, begin);
    name[size] = '\0';
    const int from = current ? current.get() : root;
    const bool last = end == path.size();
    const int fd = ::openat(from, size == 0 ? "." : name,
                            (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || last) return fd;
    current = unique_fd(fd);
    begin = end + 1;
  }
}

}  // namespace

failure errno_reason(int error_number) {
  failure why = errno_failure(error_number, "");
  why.text.erase(0, 2);
  if (error_number == ELOOP) why.code = errc::not_found;
  return why;
}

int open_beneath(int root, const std::string& path, int flags) noexcept {
  // A path without a slash has no directories on its way, so plain openat is safe.
  const bool one_name = path.find('/') == path.npos;
  if (one_name || path.size() >= PATH_MAX || !has_openat2.load(std::memory_order_relaxed)) {
    return step_by_step(root, path, flags);
  }
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_NOFOLLOW | O_CLOEXEC));
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: the kernel saw a rename during the look-up and cannot vouch for the result.
  for (int attempt = 0; attempt < 8; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    if (errno == EAGAIN || errno == EINTR) continue;
    if (errno != ENOSYS && errno != EPERM && errno != EINVAL && errno != E2BIG) return -1;
    const int fallback = step_by_step(root, path, flags);
    // EPERM may be about the file itself; only if the slower way works is the call the problem.
    if (fallback >= 0) has_openat2.store(false, std::memory_order_relaxed);
    return fallback;
  }
  return step_by_step(root, path, flags);
}

}  // namespace peelbox::filesync
