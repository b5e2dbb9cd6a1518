// Everything that a build printed, in files.
#pragma once

#include <memory>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/progress/listener.hpp"

namespace peelbox::progress {

/// A listener that writes files. After the first failure, which `write_failure()` gives, nothing more is written.
class log_files : public listener {
 public:
  virtual const std::optional<failure>& write_failure() const noexcept = 0;
};

/// `target` is an existing directory, or ends in "/" and is made: build.log with the build as `--progress plain` shows it,
/// and for each step that printed something NNN-NAME.log with exactly the bytes that the daemon sent of it. Otherwise
/// `target` is a file that gets build.log's content. Existing files are emptied and written; a descriptor that the program was
/// given (/dev/stdout, /dev/fd/3) is written where it stands. Files are buffered, complete after
/// finish(), and at most 64 are open. Fails when the directory or build.log cannot be made. [io]
result<std::shared_ptr<log_files>> make_log_files(const std::string& target);

/// "[build 2/4] make -j8" -> "build-2-4-make-j8": letters, digits, dots and single dashes; at most 60 bytes.
std::string file_name_part(std::string_view step_name);

}  // namespace peelbox::progress
