// One file that a build writes: complete under its name, or not there at all.
#pragma once

#include <memory>
#include <string>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::session {

/// Bytes go to a file without a name in the target's directory; commit() gives it the name, replacing what was there.
/// Without commit() nothing is left, also when the process is killed. Where the file system has no unnamed files a
/// hidden temporary name is used, removed by the destructor. Blocking; not thread-safe.
class output_file {
 public:
  /// Opens beside `path`; the directory must exist. "-" is standard output; it, devices and pipes are written in
  /// place.
  static result<std::unique_ptr<output_file>> create(const std::string& path);
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  result<void> write(const byte_chain& bytes);
  result<void> commit();
  std::uint64_t size() const noexcept { return size_; }
  const std::string& path() const noexcept { return path_; }

 private:
  output_file(std::string path, int fd, std::string temporary, bool in_place = false);

  std::string path_;
  int fd_;
  std::string temporary_;  // empty for an unnamed file
  bool in_place_;
  std::uint64_t size_ = 0;
};

}  // namespace peelbox::session
