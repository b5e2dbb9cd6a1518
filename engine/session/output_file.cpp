#include "engine/session/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "engine/async/output_place.hpp"
#include "engine/async/unnamed_file.hpp"
#include "engine/async/write_all.hpp"
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
constexpr mode_t permissions = 07777;

bool directory_refuses(int error) { return error == EACCES || error == EPERM || error == EROFS; }

bool must_stay_the_same(int fd, const struct stat& about) {
  return about.st_nlink != 1 || fgetxattr(fd, "system.posix_acl_access", nullptr, 0) > 0;
}

}  // namespace

failure output_file::cannot_write(int error) const { return errno_failure(error, "cannot write output " + path_); }

output_file::~output_file() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

bool output_file::is_standard_output() const noexcept { return given_ == STDOUT_FILENO; }

result<std::unique_ptr<output_file>> output_file::create(const std::string& path) {
  const auto make = [&path](how way) { return std::unique_ptr<output_file>(new output_file(path, way)); };
  result<std::optional<int>> given = given_descriptor(path);
  if (given.has_error()) return given.error().in("output");
  if (*given) {
    auto file = make(how::stream);
    file->given_ = **given;
    return file;
  }
  auto file = make(how::replace);
  struct stat& about = file->old_about_;
  if (stat(path.c_str(), &about) != 0) {
    if (errno != ENOENT) return file->cannot_write(errno);
    if (path.ends_with('/'))
      return failure(errc::usage, "output " + path + " is the name of a directory; name a file, as in dest=image.tar", origin::user);
  } else if (S_ISDIR(about.st_mode)) {
    return failure(errc::usage, "output " + path + " is a directory; name a file, as in dest=image.tar", origin::user);
  } else {
    // By the name as it was given: the kernel decides whether its links may be followed (proc(5), protected_symlinks).
    file->old_ = unique_fd(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!file->old_ || fstat(file->old_.get(), &about) != 0) return file->cannot_write(errno);
    if (!S_ISREG(about.st_mode)) {
      file->way_ = how::stream;
      file->fd_ = std::move(file->old_);
      return file;
    }
  }
  file->target_ = follow_last_link(path);
  struct stat target {};
  const bool named = !file->old_ || (lstat(file->target_.c_str(), &target) == 0 && target.st_dev == about.st_dev && target.st_ino == about.st_ino);
  if (file->old_ && (!named || must_stay_the_same(file->old_.get(), about))) file->way_ = how::rewrite;
  if (file->way_ == how::replace) {
    result<void> opened = file->open_beside();
    if (opened.has_error() && (!file->old_ || opened.error().code != errc::permission)) return opened.error();
    if (opened.has_error() || (file->old_ && !file->take_place_of_old())) file->way_ = how::rewrite;
  }
  if (file->way_ == how::rewrite)
    if (result<void> spool = file->open_spool(); spool.has_error()) return spool.error();
  return file;
}

result<void> output_file::open_beside() {
  if (!old_) {
    // The kernel refuses to follow some links, and so do we: this is how it tells.
    const int probe = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (probe >= 0) close(probe);
    else if (errno != ENOENT) return cannot_write(errno);
  }
  fd_ = open_unnamed(directory_of(target_), new_file_mode);
  if (fd_) return {};
  if (directory_refuses(errno)) return failure(errc::permission, cannot_write(errno).text);
  if (errno != EOPNOTSUPP) return cannot_write(errno);
  std::string temporary = temporary_beside(target_);
  fd_ = unique_fd(open(temporary.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, new_file_mode));
  if (!fd_) return directory_refuses(errno) ? failure(errc::permission, cannot_write(errno).text) : cannot_write(errno);
  temporary_ = std::move(temporary);
  return {};
}

/// The new file gets what belongs to the old one. False when only the old file itself can keep it.
bool output_file::take_place_of_old() {
  struct stat mine {};
  const bool kept = fstat(fd_.get(), &mine) == 0 &&
                    ((mine.st_uid == old_about_.st_uid && mine.st_gid == old_about_.st_gid) ||
                     fchown(fd_.get(), old_about_.st_uid, old_about_.st_gid) == 0) &&
                    fchmod(fd_.get(), old_about_.st_mode & permissions) == 0;
  if (kept) return true;
  if (!temporary_.empty()) unlink(std::exchange(temporary_, {}).c_str());
  fd_.reset();
  return false;
}

result<void> output_file::open_spool() {
  std::error_code error;
  const std::string directory = std::filesystem::temp_directory_path(error).string();
  fd_ = unique_fd(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd_) return {};
  std::string pattern = directory + "/peelbox-output-XXXXXX";
  fd_ = unique_fd(mkostemp(pattern.data(), O_CLOEXEC));
  if (!fd_) return errno_failure(errno, "cannot write output " + path_ + " by way of a file in " + directory);
  unlink(pattern.c_str());
  return {};
}

result<void> output_file::write(std::string_view text) { return write(byte_chain(byte_slice::of(std::string(text)))); }

result<void> output_file::write(const byte_chain& bytes) {
  const int fd = given_ >= 0 ? given_ : fd_.get();
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
    const ssize_t written = writev(fd, pieces.data(), static_cast<int>(count));
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return cannot_write(errno);
      wait_writable(fd);
      continue;
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
    while (index < slices.size() && slices[index].size() == offset) {
      ++index;
      offset = 0;
    }
  }
  return {};
}

result<void> output_file::begin_again() {
  if (!can_begin_again()) return failure(errc::internal, "output " + path_ + " cannot be begun again");
  if (size_ == 0) return {};
  if (ftruncate(fd_.get(), 0) != 0 || lseek(fd_.get(), 0, SEEK_SET) < 0) return cannot_write(errno);
  size_ = 0;
  return {};
}

result<void> output_file::settle() {
  const int error = flush_errors(given_ >= 0 ? given_ : fd_.get());
  if (error != 0) return cannot_write(error);
  return {};
}

result<void> output_file::prepare() {
  if (result<void> settled = settle(); settled.has_error()) return settled;
  if (way_ == how::rewrite) {
    // Room that is missing is better known before the old content is gone.
    if (size_ > 0 && fallocate(old_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_)) != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
      return cannot_write(errno);
    return {};
  }
  if (way_ == how::stream || !temporary_.empty()) return {};
  std::string temporary = temporary_beside(target_);
  if (const int error = name_file(fd_.get(), temporary); error != 0) return errno_failure(error, "cannot name output " + path_);
  temporary_ = std::move(temporary);
  return {};
}

/// From the beginning of `from`.
result<void> output_file::rewrite_old(int from) {
  std::array<char, 64 << 10> piece;
  off_t at = 0;
  const auto half_written = [&](int error) -> result<void> {
    return errno_failure(error, fmt::format("output {} is incomplete, only {} of {} bytes could be written", path_, at, size_));
  };
  if (lseek(old_.get(), 0, SEEK_SET) < 0) return cannot_write(errno);
  for (;;) {
    const ssize_t size = pread(from, piece.data(), piece.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return half_written(errno);
    if (size == 0) break;
    const int error = write_all(old_.get(), std::string_view(piece.data(), static_cast<std::size_t>(size)));
    if (error != 0) return half_written(error);
    at += size;
  }
  if (ftruncate(old_.get(), at) != 0) return half_written(errno);
  if (const int error = flush_errors(old_.get()); error != 0) return half_written(error);
  return {};
}

result<void> output_file::commit() {
  if (result<void> ready = prepare(); ready.has_error()) return ready;
  if (way_ == how::stream) return {};
  if (way_ == how::rewrite) return rewrite_old(fd_.get());
  if (rename(temporary_.c_str(), target_.c_str()) == 0) {
    temporary_.clear();
    return {};
  }
  // A file that is mounted, or one of somebody else in a directory such as /tmp.
  if (old_ && (errno == EBUSY || directory_refuses(errno))) return rewrite_old(fd_.get());
  return errno_failure(errno, "cannot name output " + path_);
}

result<void> commit_all(std::span<output_file* const> files) {
  for (output_file* file : files)
    if (file != nullptr)
      if (result<void> ready = file->prepare(); ready.has_error()) return ready;
  for (output_file* file : files)
    if (file != nullptr)
      if (result<void> done = file->commit(); done.has_error()) return done;
  return {};
}

result<void> write_file(const std::string& path, std::string_view text) {
  result<std::unique_ptr<output_file>> file = output_file::create(path);
  if (file.has_error()) return file.error();
  result<void> done = (*file)->write(text);
  // A name must not lead to an empty file after a power failure.
  if (done.has_value() && (*file)->fd_ && fdatasync((*file)->fd_.get()) != 0 && errno != EINVAL && errno != EROFS) done = (*file)->cannot_write(errno);
  if (done.has_value()) done = (*file)->commit();
  return done;
}

}  // namespace peelbox::session
