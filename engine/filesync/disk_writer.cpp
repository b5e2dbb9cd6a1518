#include "engine/filesync/disk_writer.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "engine/filesync/path_order.hpp"
#include "engine/filesync/remove_tree.hpp"
#include "engine/filesync/xattrs.hpp"

namespace peelbox::filesync {

namespace {

/// How many files may be open for writing; well below a process's usual limit of 1024.
constexpr std::size_t max_descriptors = 128;

timespec time_of(std::int64_t nanoseconds) noexcept {
  constexpr std::int64_t second = 1'000'000'000;
  std::int64_t seconds = nanoseconds / second;
  std::int64_t rest = nanoseconds % second;
  if (rest < 0) {
    rest += second;
    --seconds;
  }
  timespec t{};
  t.tv_sec = seconds;
  t.tv_nsec = rest;
  return t;
}

struct times {
  explicit times(const stat_entry& entry) : value{time_of(entry.mod_time), time_of(entry.mod_time)} {}
  timespec value[2];  // access and modification, as the reference sets them
};

// In this order: user attributes can only be set while the file is writable, and all of this changes the time.
int apply(int fd, const stat_entry& entry) noexcept {
  for (const auto& [name, value] : entry.xattrs) ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0);
  if (::fchmod(fd, posix_permissions(entry.mode)) != 0) return errno;
  return ::futimens(fd, times(entry).value) == 0 ? 0 : errno;
}

}  // namespace

failure disk_writer::failed(std::string_view what, const std::string& path, int error) const {
  failure f = errno_reason(error);
  f.text = fmt::format("cannot {} {} in {}: {}", what, in_quotes(path), in_quotes(root_name_), f.text);
  return f;
}

result<std::unique_ptr<disk_writer>> disk_writer::open(const std::string& root, bool delete_others) {
  if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) {
    return errno_reason(errno).in("cannot create output directory " + in_quotes(root));
  }
  // The destination itself may be a link that the user made.
  unique_fd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_reason(errno).in("cannot open output directory " + in_quotes(root));
  std::unique_ptr<disk_writer> writer(new disk_writer(root, std::move(fd)));
  writer->delete_others_ = delete_others;
  return writer;
}

disk_writer::~disk_writer() {
  for (auto& [id, file] : files_) {
    const auto directory = directory_of(file.entry.path);
    if (directory) ::unlinkat(*directory, file.temporary.c_str(), 0);
  }
}

result<int> disk_writer::open_cached(const std::string& directory) {
  if (!cached_ || cached_path_ != directory) {
    unique_fd fd(open_beneath(root_.get(), directory, O_PATH | O_DIRECTORY));
    if (!fd) return failed("open directory", directory, errno);
    cached_ = std::move(fd);
    cached_path_ = directory;
  }
  return cached_.get();
}

result<int> disk_writer::directory_of(const std::string& path) {
  return open_cached(std::string(parent_path(path)));
}

std::string disk_writer::temporary_name() {
  std::uint64_t salt = 0;
  if (::getrandom(&salt, sizeof salt, GRND_NONBLOCK) < 0) salt = static_cast<std::uint64_t>(::getpid());
  return fmt::format(".peelbox-{:016x}-{}.tmp", salt, temporaries_++);
}

result<void> disk_writer::put_in_place(int directory, const std::string& temporary, const std::string& path) {
  const std::string name(base_name(path));
  if (::renameat(directory, temporary.c_str(), directory, name.c_str()) == 0) return {};
  int error = errno;
  if (error == EISDIR || error == ENOTEMPTY || error == EEXIST) {
    error = remove_tree(directory, name);
    if (error == 0 && ::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) error = errno;
  }
  if (error == 0) return {};
  ::unlinkat(directory, temporary.c_str(), 0);
  return failed("replace", path, error);
}

result<void> disk_writer::make_entry(stat_entry&& entry) {
  if (delete_others_) announced_.insert(entry.path);
  if (entry.is_directory()) return make_directory(std::move(entry));
  if (entry.is_hard_link()) {
    // Its file may still be under way.
    hard_links_.push_back(std::move(entry));
    return {};
  }
  return make_special(entry);
}

result<void> disk_writer::make_directory(stat_entry&& entry) {
  const auto directory = directory_of(entry.path);
  if (!directory) return directory.error();
  const std::string name(base_name(entry.path));
  if (::mkdirat(*directory, name.c_str(), 0700) != 0) {
    if (errno != EEXIST) return failed("create directory", entry.path, errno);
    struct stat st;
    if (::fstatat(*directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      return failed("look at", entry.path, errno);
    if (!S_ISDIR(st.st_mode)) {
      if (::unlinkat(*directory, name.c_str(), 0) != 0 || ::mkdirat(*directory, name.c_str(), 0700) != 0) {
        return failed("replace", entry.path, errno);
      }
    } else if ((st.st_mode & 0700) != 0700) {
      // We have to write into it; its own mode is set at the end.
      unique_fd fd(::openat(*directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (fd) ::fchmod(fd.get(), (st.st_mode & 07777) | 0700);
    }
  }
  directories_.push_back(std::move(entry));
  return {};
}

result<void> disk_writer::make_special(const stat_entry& entry) {
  const auto directory = directory_of(entry.path);
  if (!directory) return directory.error();
  const std::string temporary = temporary_name();
  int done = 0;
  if (entry.is_symlink()) {
    done = ::symlinkat(entry.linkname.c_str(), *directory, temporary.c_str());
  } else {
    const mode_t type = (entry.mode & go_mode::fifo) != 0        ? S_IFIFO
                        : (entry.mode & go_mode::character) != 0 ? S_IFCHR
                                                                 : S_IFBLK;
    const dev_t device = type == S_IFIFO ? 0
                                         : ::makedev(static_cast<unsigned>(entry.dev_major),
                                                     static_cast<unsigned>(entry.dev_minor));
    done = ::mknodat(*directory, temporary.c_str(), type | 0600, device);
    if (done == 0) done = ::fchmodat(*directory, temporary.c_str(), posix_permissions(entry.mode), 0);
  }
  if (done != 0) {
    failure why = failed("create", entry.path, errno);
    if ((entry.mode & go_mode::device) != 0 && why.code == errc::permission)
      why.text += " (devices need root)";
    ::unlinkat(*directory, temporary.c_str(), 0);
    return why;
  }
  write_xattrs(*directory, temporary, entry.xattrs);
  ::utimensat(*directory, temporary.c_str(), times(entry).value, AT_SYMLINK_NOFOLLOW);
  return put_in_place(*directory, temporary, entry.path);
}

result<void> disk_writer::make_hard_link(const stat_entry& entry) {
  const auto there = open_cached(std::string(parent_path(entry.linkname)));
  if (!there) return there.error();
  // Needs two directories, but the cache holds one.
  const unique_fd target_directory(::openat(*there, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto directory = directory_of(entry.path);
  if (!directory) return directory.error();
  const std::string temporary = temporary_name();
  const std::string target(base_name(entry.linkname));
  if (::linkat(target_directory.get(), target.c_str(), *directory, temporary.c_str(), 0) != 0) {
    return failed("create hard link", entry.path, errno);
  }
  result<void> placed = put_in_place(*directory, temporary, entry.path);
  // Renaming onto another name of the same file does nothing, so the temporary name stays.
  ::unlinkat(*directory, temporary.c_str(), 0);
  return placed;
}

result<void> disk_writer::begin_file(std::uint32_t id, stat_entry&& entry) {
  if (delete_others_) announced_.insert(entry.path);
  const auto directory = directory_of(entry.path);
  if (!directory) return directory.error();
  if (open_descriptors_ >= max_descriptors) close_least_used();
  std::string temporary = temporary_name();
  unique_fd fd(
      ::openat(*directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return failed("create", entry.path, errno);
  ++open_descriptors_;
  files_.insert_or_assign(id,
                          open_file_state{std::move(entry), std::move(temporary), std::move(fd), ++clock_});
  return {};
}

void disk_writer::close_least_used() {
  open_file_state* oldest = nullptr;
  for (auto& [id, file] : files_) {
    if (file.fd && (oldest == nullptr || file.used < oldest->used)) oldest = &file;
  }
  if (oldest == nullptr) return;
  oldest->fd = unique_fd();
  --open_descriptors_;
}

result<int> disk_writer::descriptor(open_file_state& file) {
  file.used = ++clock_;
  if (file.fd) return file.fd.get();
  const auto directory = directory_of(file.entry.path);
  if (!directory) return directory.error();
  if (open_descriptors_ >= max_descriptors) close_least_used();
  file.fd =
      unique_fd(::openat(*directory, file.temporary.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  if (!file.fd) return failed("open the temporary file of", file.entry.path, errno);
  ++open_descriptors_;
  return file.fd.get();
}

result<void> disk_writer::write(std::uint32_t id, byte_view data) {
  open_file_state& file = files_.at(id);
  const auto fd = descriptor(file);
  if (!fd) return fd.error();
  while (!data.empty()) {
    const ssize_t count = ::write(*fd, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write", file.entry.path, errno);
    data = data.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

result<void> disk_writer::end_file(std::uint32_t id) {
  open_file_state& file = files_.at(id);
  const auto fd = descriptor(file);
  if (!fd) return fd.error();
  if (const int error = apply(*fd, file.entry)) return failed("set mode and time of", file.entry.path, error);
  file.fd = unique_fd();
  --open_descriptors_;
  const auto directory = directory_of(file.entry.path);
  if (!directory) return directory.error();
  result<void> placed = put_in_place(*directory, file.temporary, file.entry.path);
  files_.erase(id);
  return placed;
}

result<void> disk_writer::finish_directory(const stat_entry& entry) {
  unique_fd fd(open_beneath(root_.get(), entry.path, O_RDONLY | O_DIRECTORY));
  if (!fd) return failed("open directory", entry.path, errno);
  if (const int error = apply(fd.get(), entry)) return failed("set mode and time of", entry.path, error);
  return {};
}

result<void> disk_writer::delete_unknown(int directory, const std::string& path) {
  std::string names;
  if (const int error = list_names(directory, names)) return failed("list", path, error);
  for (std::size_t at = 0; at < names.size();) {
    const std::string name = names.c_str() + at;
    at += name.size() + 1;
    const std::string child = join_path(path, name);
    if (announced_.contains(child)) continue;
    if (const int error = remove_tree(directory, name)) return failed("remove", child, error);
  }
  return {};
}

result<void> disk_writer::finish() {
  for (const auto& link : hard_links_) {
    if (result<void> made = make_hard_link(link); !made) return made;
  }
  if (delete_others_) {
    if (result<void> cleaned = delete_unknown(root_.get(), ""); !cleaned) return cleaned;
    for (const auto& directory : directories_) {
      const auto fd = open_cached(directory.path);
      if (!fd) return fd.error();
      if (result<void> cleaned = delete_unknown(*fd, directory.path); !cleaned) return cleaned;
    }
  }
  // Backwards, so that a directory becomes unreadable only after its content is done.
  for (auto directory = directories_.rbegin(); directory != directories_.rend(); ++directory) {
    if (result<void> done = finish_directory(*directory); !done) return done;
  }
  return {};
}

}  // namespace peelbox::filesync
