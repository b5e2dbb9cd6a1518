// buildctl's --trace: what the daemon reports, as it comes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"
#include "engine/progress/listener.hpp"
#include "engine/progress/renderer.hpp"

namespace peelbox::cli {

/// Appends one JSON object per report to a file, in rawjson's form. The file is made for this user alone, because reports hold
/// whatever steps print.
class events_file final : public progress::listener {
 public:
  /// errc::permission, not_found, io.
  static result<std::shared_ptr<events_file>> open(const std::string& path);

  void update(const progress::batch& events, const progress::trace& picture, progress::wall_time now) override;
  bool wants_lines() const noexcept override { return renderer_->wants_lines(); }
  void finish(const progress::trace& picture, progress::wall_time now) override;
  /// The first one; nothing is written after it.
  const std::optional<failure>& write_failure() const noexcept { return failed_; }

 private:
  events_file(std::string path, unique_fd fd) : path_(std::move(path)), fd_(std::move(fd)), renderer_(progress::make_rawjson_renderer()) {}
  void write();

  std::string path_;
  unique_fd fd_;
  std::unique_ptr<progress::renderer> renderer_;
  std::string text_;
  std::optional<failure> failed_;
};

}  // namespace peelbox::cli
