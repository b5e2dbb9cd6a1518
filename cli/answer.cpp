#include "cli/answer.hpp"

#include <string>

#include "engine/async/write_all.hpp"

namespace peelbox::cli {

bool answer_output::operator()(std::string_view line) { return text(std::string(line) + '\n'); }

bool answer_output::text(std::string_view bytes) {
  if (error_ == 0) error_ = write_all(fd_, bytes);
  used_ = true;
  return error_ == 0;
}

void answer_output::note(int error) noexcept {
  if (error_ == 0) error_ = error;
}

void answer_output::finish() noexcept {
  if (error_ == 0 && used_) error_ = flush_errors(fd_);
}

}  // namespace peelbox::cli
