#include "engine/session/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "engine/session/identity.hpp"

namespace peelbox::session {

namespace {

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string temporary_beside(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return directory_of(path) + "/." + name.substr(0, 200) + "." + random_id().substr(0, 8) + ".tmp";
}

constexpr mode_t new_file_mode = 0666;  // less the umask

}  // namespace

output_file::output_file(std::string path, int fd, std::string temporary, bool in_place)
    : path_(std::move(path)), fd_(fd), temporary_(std::move(temporary)), in_place_(in_place) {}

output_file::~output_file() {
  if (fd_ > STDERR_FILENO) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

result<std::unique_ptr<output_file>> output_file::create(const std::string& path) {
  if (path == "-") return std::unique_ptr<output_file>(new output_file(path, STDOUT_FILENO, {}, true));
  struct stat existing {};
  if (stat(path.c_str(), &existing) == 0) {
    if (S_ISDIR(existing.st_mode))
      return failure(errc::usage, "output " + path + " is a directory; name a file, as in dest=image.tar",
                     origin::user);
    if (!S_ISREG(existing.st_mode)) {
      // A device or a pipe is written to, never replaced.
      const int special = open(path.c_str(), O_WRONLY | O_CLOEXEC);
      if (special < 0) return errno_failure(errno, "cannot write output " + path);
      return std::unique_ptr<output_file>(new output_file(path, special, {}, true));
    }
  }
  const int unnamed = open(directory_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, new_file_mode);
  if (unnamed >= 0) return std::unique_ptr<output_file>(new output_file(path, unnamed, {}));
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
    return errno_failure(errno, "cannot write output " + path);
  const std::string temporary = temporary_beside(path);
  const int named = open(temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, new_file_mode);
  if (named < 0) return errno_failure(errno, "cannot write output " + path);
  return std::unique_ptr<output_file>(new output_file(path, named, temporary));
}

result<void> output_file::write(const byte_chain& bytes) {
  const auto& slices = bytes.slices();
  std::size_t index = 0;
  std::size_t offset = 0;
  while (index < slices.size()) {
    std::array<iovec, 64> pieces{};
    std::size_t count = 0;
    std::size_t skip = offset;
    for (std::size_t i = index; i < slices.size() && count < pieces.size(); ++i, skip = 0) {
      const byte_view view = slices[i].view().subspan(skip);
      // writev takes non-const memory but only reads it.
      pieces[count++] = iovec{const_cast<std::byte*>(view.data()), view.size()};
    }
    const ssize_t written = writev(fd_, pieces.data(), static_cast<int>(count));
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno_failure(errno, "cannot write output " + path_);
    }
    size_ += static_cast<std::uint64_t>(written);
    auto left = static_cast<std::size_t>(written);
    while (left > 0) {
      const std::size_t rest = slices[index].size() - offset;
      const std::size_t step = std::min(left, rest);
      left -= step;
      offset += step;
      if (offset == slices[index].size()) {
        ++index;
        offset = 0;
      }
    }
  }
  return {};
}

result<void> output_file::commit() {
  if (in_place_) return {};
  if (temporary_.empty()) {
    const std::string temporary = temporary_beside(path_);
    const std::string self = "/proc/self/fd/" + std::to_string(fd_);
    if (linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary.c_str(), AT_SYMLINK_FOLLOW) != 0)
      return errno_failure(errno, "cannot name output " + path_);
    temporary_ = temporary;
  }
  // Errors of delayed writes (quota, network file systems) show at close.
  const int fd = std::exchange(fd_, -1);
  if (close(fd) != 0) return errno_failure(errno, "cannot write output " + path_);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return errno_failure(errno, "cannot name output " + path_);
  temporary_.clear();
  return {};
}

}  // namespace peelbox::session
