// One file that a build writes: complete under its name, or what was there before.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"

namespace peelbox::session {

/// Bytes go to a file without a name in the target's directory; commit() gives it the name. Links are followed to their
/// end, and a file that takes the place of another one gets its mode and owner. Without commit() nothing is left and nothing
/// is changed, also when the process is killed. Where the file system has no unnamed files a hidden temporary name is used,
/// removed by the destructor.
///
/// A file that must stay the same file gets its new content in commit(): one with several names, with an access control
/// list, of somebody else, in a directory where nothing can be made, or one that is mounted. The bytes wait in the directory
/// for temporary files until then.
///
/// Standard output ("-"), devices, pipes and descriptors that the program was given (/dev/stdout, /dev/fd/3) take the bytes
/// as they come. Blocking; not thread-safe.
class output_file {
 public:
  /// The directory must exist. What cannot be written is known here: errc::usage, not_found, permission or io.
  static result<std::unique_ptr<output_file>> create(const std::string& path);
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  /// errc::io or permission, with the name of the file; after that it is of no use any more.
  result<void> write(const byte_chain& bytes);
  result<void> write(std::string_view text);
  /// After the last write(): what could not be written is known, and nothing is changed yet.
  result<void> settle();
  /// Settles, and does all of commit() that can fail easily without changing anything that has a name.
  result<void> prepare();
  /// Once, after all else. Fails as write() does.
  result<void> commit();

  /// Whether what was written can be taken back: nothing was, or it waits in a file.
  bool can_begin_again() const noexcept { return way_ != how::stream || size_ == 0; }
  /// Takes it back. errc::io; errc::internal when it cannot be.
  result<void> begin_again();

  /// Bytes that were written.
  std::uint64_t size() const noexcept { return size_; }
  const std::string& path() const noexcept { return path_; }
  /// The bytes go where everything goes that is written to standard output.
  bool is_standard_output() const noexcept;

 private:
  enum class how {
    stream,   // bytes go to the target as they come
    replace,  // a new file takes the name
    rewrite,  // the old file gets the new content
  };

  output_file(std::string path, how way) : path_(std::move(path)), way_(way) {}
  result<void> open_beside();
  bool take_place_of_old();
  result<void> open_spool();
  result<void> rewrite_old(int from);
  friend result<void> write_file(const std::string& path, std::string_view text);
  failure cannot_write(int error) const;

  std::string path_;    // as it was named
  how way_;
  std::string target_;  // with links followed
  unique_fd fd_;        // where bytes go; none for a descriptor that is not ours
  int given_ = -1;      // that one
  unique_fd old_;       // the existing file
  struct stat old_about_ {};
  std::string temporary_;  // empty for an unnamed file
  std::uint64_t size_ = 0;
};

/// Names all of them; where one cannot be prepared, none. Null pointers are skipped.
result<void> commit_all(std::span<output_file* const> files);

/// A small file at once; its bytes are on the disk before its name leads to them.
result<void> write_file(const std::string& path, std::string_view text);

}  // namespace peelbox::session
