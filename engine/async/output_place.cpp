#include "engine/async/output_place.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace peelbox {

namespace {

constexpr int most_links = 40;  // as the kernel's own limit

std::string_view directory_part(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

bool is_proc(const std::string& directory) {
  struct statfs about {};
  return statfs(directory.empty() ? "." : directory.c_str(), &about) == 0 && about.f_type == PROC_SUPER_MAGIC;
}

bool same_directory(const std::string& a, const char* b) {
  struct stat one {};
  struct stat other {};
  return stat(a.c_str(), &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

result<std::optional<int>> usable(int number, const std::string& name) {
  const auto wrong = [&](const std::string& why) {
    return failure(errc::usage, name + ": descriptor " + std::to_string(number) + why, origin::user);
  };
  const int flags = fcntl(number, F_GETFD);
  // What the program opened itself is closed for its children; what it was given is not, or it would not be there.
  if (flags < 0 || (flags & FD_CLOEXEC) != 0)
    return wrong(" is not open; open it for the program, as in " + std::to_string(number) + ">FILE");
  if ((fcntl(number, F_GETFL) & O_ACCMODE) == O_RDONLY) return wrong(" is closed, or open for reading only");
  return std::optional<int>(number);
}

}  // namespace

std::string follow_last_link(const std::string& name) {
  std::string path = name;
  for (int i = 0; i < most_links; ++i) {
    std::array<char, 4096> target;
    const ssize_t size = readlink(path.c_str(), target.data(), target.size());
    if (size <= 0 || size == static_cast<ssize_t>(target.size())) return path;
    const std::string directory(directory_part(path));
    // Such a link is no name: what it leads to may have none.
    if (is_proc(directory)) return path;
    const std::string_view next(target.data(), static_cast<std::size_t>(size));
    path = next.starts_with('/') ? std::string(next) : directory + std::string(next);
  }
  return path;
}

result<std::optional<int>> given_descriptor(const std::string& name) {
  if (name == "-") return usable(STDOUT_FILENO, "standard output");
  const std::string path = follow_last_link(name);
  const std::string directory(directory_part(path));
  const std::string_view last = std::string_view(path).substr(directory.size());
  int number = -1;
  const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), number);
  if (error != std::errc() || end != last.data() + last.size() || number < 0 || directory.empty()) return std::optional<int>();
  if (!is_proc(directory) || !same_directory(directory, "/proc/self/fd")) return std::optional<int>();
  return usable(number, name);
}

}  // namespace peelbox
