// Trees as text, on a real disk.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace peelbox::test {

/// A directory that is removed at the end.
class temp_dir {
 public:
  temp_dir() {
    std::string name = (std::filesystem::temp_directory_path() / "peelbox-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~temp_dir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;
  const std::string& path() const noexcept { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view data) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(data.data(), static_cast<std::streamsize>(data.size()));
  if (!out) throw std::runtime_error("cannot write " + path);
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

/// The name of a socket that nobody listens on.
inline void make_socket(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long for a socket: " + path);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(fd);
  if (bound != 0) throw std::runtime_error("cannot make socket " + path);
}

/// Each line: "PATH dir", "PATH file TEXT", "PATH symlink TARGET", "PATH link EXISTING" or "PATH fifo".
/// Directories on the way are made. Paths without spaces; use write_file for the others.
inline void make_tree(const std::string& root, const std::vector<std::string>& lines) {
  for (const auto& line : lines) {
    const std::size_t first = line.find(' ');
    const std::size_t second = std::min(line.find(' ', first + 1), line.size());
    const std::string path = root + "/" + line.substr(0, first);
    const std::string kind = line.substr(first + 1, second - first - 1);
    const std::string rest = second < line.size() ? line.substr(second + 1) : "";
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    if (kind == "dir") {
      std::filesystem::create_directories(path);
    } else if (kind == "file") {
      write_file(path, rest);
    } else if (kind == "symlink") {
      std::filesystem::create_symlink(rest, path);
    } else if (kind == "link") {
      std::filesystem::create_hard_link(root + "/" + rest, path);
    } else if (kind == "fifo") {
      if (::mkfifo(path.c_str(), 0644) != 0) throw std::runtime_error("mkfifo failed");
    } else {
      throw std::runtime_error("tree script: " + line);
    }
  }
}

}  // namespace peelbox::test
