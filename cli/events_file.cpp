#include "cli/events_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "engine/async/write_all.hpp"

namespace peelbox::cli {

result<std::shared_ptr<events_file>> events_file::open(const std::string& path) {
  unique_fd fd(::open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd) return errno_failure(errno, "--trace: cannot open " + path);
  return std::shared_ptr<events_file>(new events_file(path, std::move(fd)));
}

void events_file::update(const progress::batch& events, const progress::trace& picture, progress::wall_time now) {
  renderer_->update(events, picture, now, text_);
  write();
}

void events_file::finish(const progress::trace& picture, progress::wall_time now) {
  renderer_->finish(picture, now, text_);
  write();
}

void events_file::write() {
  const std::string text = std::exchange(text_, {});
  if (failed_ || text.empty()) return;
  if (const int error = write_all(fd_.get(), text); error != 0) failed_ = errno_failure(error, "--trace: cannot write " + path_);
}

}  // namespace peelbox::cli
