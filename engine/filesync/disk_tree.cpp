#include "engine/filesync/disk_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>

#include "engine/filesync/beneath.hpp"
#include "engine/filesync/path_order.hpp"
#include "engine/filesync/xattrs.hpp"

namespace peelbox::filesync {

namespace {

std::int64_t nanoseconds(const timespec& t) noexcept {
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

entry_kind kind_of(unsigned char type) noexcept {
  switch (type) {
    case DT_REG:
      return entry_kind::regular;
    case DT_DIR:
      return entry_kind::directory;
    case DT_LNK:
      return entry_kind::symlink;
    case DT_UNKNOWN:
      return entry_kind::unknown;
    default:
      return entry_kind::other;
  }
}

// Devices whose file system has no extended attributes, so that we do not ask for each entry
// again.
class xattr_memory {
 public:
  bool may_have(std::uint64_t device) const noexcept {
    for (const auto& known : without_) {
      const std::uint64_t value = known.load(std::memory_order_relaxed);
      if (value == device + 1) return false;
      if (value == 0) break;
    }
    return true;
  }
  void remember_without(std::uint64_t device) noexcept {
    for (auto& slot : without_) {
      std::uint64_t empty = 0;
      // Device numbers are stored plus one; 0 is a free slot. With more devices than slots we only lose time.
      if (slot.compare_exchange_strong(empty, device + 1, std::memory_order_relaxed) || empty == device + 1)
        return;
    }
  }

 private:
  std::array<std::atomic<std::uint64_t>, 8> without_{};
};

class disk_directory final : public open_directory {
 public:
  disk_directory(unique_fd fd, std::shared_ptr<xattr_memory> memory)
      : fd_(std::move(fd)), memory_(std::move(memory)) {}

  result<name_list> list() override {
    name_list names;
    alignas(8) std::array<char, 32 * 1024> buffer;
    while (true) {
      const long count = ::syscall(SYS_getdents64, fd_.get(), buffer.data(), buffer.size());
      // ENOENT: the directory was removed while it was open.
      if (count < 0 && errno != ENOENT) return errno_reason(errno);
      if (count <= 0) break;
      for (long at = 0; at < count;) {
        // The kernel's linux_dirent64 has the layout of glibc's dirent64.
        const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
        at += entry->d_reclen;
        const std::string_view name(entry->d_name);
        if (name != "." && name != "..") names.add(name, kind_of(entry->d_type));
      }
    }
    names.sort();
    return names;
  }

  result<entry_details> details(std::string_view name) override {
    struct stat st;
    if (::fstatat(fd_.get(), name.data(), &st, AT_SYMLINK_NOFOLLOW) != 0) return errno_reason(errno);
    entry_details d;
    d.posix_mode = st.st_mode;
    d.links = static_cast<std::uint32_t>(std::min<nlink_t>(st.st_nlink, 0xFFFFFFFFU));
    d.uid = st.st_uid;
    d.gid = st.st_gid;
    d.device = st.st_dev;
    d.inode = st.st_ino;
    d.special_device = st.st_rdev;
    d.size = st.st_size;
    d.mod_time = nanoseconds(st.st_mtim);
    d.change_time = nanoseconds(st.st_ctim);
    if (S_ISLNK(st.st_mode)) {
      result<std::string> target = link_target(name, st.st_size);
      if (!target) return target.error();
      d.link_target = std::move(*target);
    }
    return d;
  }

  result<entry_xattrs> xattrs(std::string_view name, std::uint64_t device) override {
    entry_xattrs found;
    if (!memory_->may_have(device)) return found;
    const int error = read_xattrs(fd_.get(), name, found);
    if (error == ENOTSUP) {
      memory_->remember_without(device);
    } else if (error != 0) {
      failure why = errno_reason(error);
      why.text += " (while listing its extended attributes)";
      return why;
    }
    return found;
  }

 private:
  result<std::string> link_target(std::string_view name, off_t expected) const {
    std::string target(static_cast<std::size_t>(std::clamp<off_t>(expected, 63, 64 * 1024)) + 1, '\0');
    while (true) {
      const ssize_t count = ::readlinkat(fd_.get(), name.data(), target.data(), target.size());
      if (count < 0) {
        // EINVAL: it was replaced by something that is not a link.
        return errno_reason(errno == EINVAL ? ENOENT : errno);
      }
      if (static_cast<std::size_t>(count) < target.size()) {
        target.resize(static_cast<std::size_t>(count));
        return target;
      }
      target.resize(target.size() * 2);
    }
  }

  unique_fd fd_;
  std::shared_ptr<xattr_memory> memory_;
};

class disk_file final : public open_file {
 public:
  explicit disk_file(unique_fd fd) : fd_(std::move(fd)) {}

  result<file_identity> identify() override {
    struct stat st;
    if (::fstat(fd_.get(), &st) != 0) return errno_reason(errno);
    if (!S_ISREG(st.st_mode)) return failure(errc::not_found, "it is not a regular file any more");
    return file_identity{st.st_size, nanoseconds(st.st_mtim), nanoseconds(st.st_ctim),
                         static_cast<std::uint32_t>(st.st_ino)};
  }

  result<std::size_t> read(std::uint64_t offset, std::byte* target, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count = ::pread(fd_.get(), target + done, size - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_reason(errno);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

 private:
  unique_fd fd_;
};

class disk_tree final : public file_tree {
 public:
  explicit disk_tree(unique_fd root) : root_(std::move(root)) {}

  result<std::unique_ptr<open_directory>> directory(std::string_view path) const override {
    unique_fd fd(open_beneath(root_.get(), std::string(path), O_RDONLY | O_DIRECTORY));
    if (!fd) return errno_reason(errno);
    return std::unique_ptr<open_directory>(std::make_unique<disk_directory>(std::move(fd), memory_));
  }

  result<std::unique_ptr<open_file>> file(std::string_view path) const override {
    // O_NONBLOCK: if a fifo has taken the file's place, opening must not wait for a writer.
    unique_fd fd(open_beneath(root_.get(), std::string(path), O_RDONLY | O_NONBLOCK | O_NOCTTY));
    if (!fd) return errno_reason(errno);
    return std::unique_ptr<open_file>(std::make_unique<disk_file>(std::move(fd)));
  }

 private:
  unique_fd root_;
  std::shared_ptr<xattr_memory> memory_ = std::make_shared<xattr_memory>();
};

}  // namespace

result<std::shared_ptr<const file_tree>> open_disk_tree(const std::string& root) {
  unique_fd fd(::open(root.empty() ? "." : root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    const int error = errno;
    if (error == ENOTDIR) return failure(errc::not_found, in_quotes(root) + " is not a directory", origin::user);
    return errno_reason(error).in("cannot open directory " + in_quotes(root));
  }
  return std::shared_ptr<const file_tree>(std::make_shared<disk_tree>(std::move(fd)));
}

}  // namespace peelbox::filesync
