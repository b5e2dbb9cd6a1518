// What one of several builds prints, each line with its name before it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"

namespace peelbox::cli::pool {

/// A pipe whose lines are given to `say`. A line of more than 64 KiB is cut into several.
class prefixed_lines {
 public:
  static result<prefixed_lines> make(std::string prefix, std::function<void(std::string_view)> say);
  prefixed_lines(prefixed_lines&&) = default;

  /// Where to write.
  int fd() const noexcept { return in_.get(); }
  /// Nothing more comes; run() ends with what was written.
  void close() { in_.reset(); }
  /// Reads until close(). One call at a time; the object must outlive it.
  task<result<void>> run();

 private:
  prefixed_lines(std::string prefix, std::function<void(std::string_view)> say, unique_fd in, unique_fd out)
      : prefix_(std::move(prefix)), say_(std::move(say)), in_(std::move(in)), out_(std::move(out)) {}

  std::string prefix_;
  std::function<void(std::string_view)> say_;
  unique_fd in_;
  unique_fd out_;
};

}  // namespace peelbox::cli::pool
