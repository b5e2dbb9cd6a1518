// The contexts that are sent.
#pragma once

#include <cstdint>
#include <string>

#include "engine/async/failure.hpp"

namespace peelbox::cli::bench {

/// A directory for trees, definitions and sockets below TMPDIR, or /tmp, that goes with this object.
class scratch_directory {
 public:
  static result<scratch_directory> make(const std::string& below);
  scratch_directory(scratch_directory&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  scratch_directory& operator=(scratch_directory&&) = delete;
  ~scratch_directory();

  const std::string& path() const noexcept { return path_; }

 private:
  explicit scratch_directory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Makes `root` with so many files of so many bytes, a hundred in each directory; no two have equal content. failure{io} and its like with the
/// name; {io} with how much is missing when the disk has not room for them twice.
result<void> make_tree(const std::string& root, std::uint64_t files, std::uint64_t size);

/// Writes every hundredth file of such a tree anew, with other content of equal size. `round` differs each time.
result<void> change_tree(const std::string& root, std::uint64_t files, std::uint64_t size, std::uint64_t round);

}  // namespace peelbox::cli::bench
