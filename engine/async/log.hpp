// What -v shows. Passed by reference; nothing is global.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>

namespace peelbox {

enum class log_level { error, warning, info, debug };

/// Writes lines of at most the chosen level to a sink. Secrets and file contents are never passed to it.
/// Not thread-safe: used from the network thread only.
class logger {
 public:
  using sink = std::function<void(log_level, std::string_view line)>;

  logger() = default;  // drops everything
  logger(log_level most, sink out) : most_(most), out_(std::move(out)) {}

  bool enabled(log_level level) const noexcept { return out_ && level <= most_; }

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    write(log_level::debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write(log_level::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) const {
    write(log_level::warning, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void write(log_level level, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(level)) out_(level, fmt::format(format, std::forward<Args>(args)...));
  }

  log_level most_ = log_level::error;
  sink out_;
};

}  // namespace peelbox
