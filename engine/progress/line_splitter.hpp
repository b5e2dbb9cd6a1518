// Chunks of process output -> harmless lines.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "engine/progress/event.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {

/// One output stream of one process. A carriage return starts the line anew, as on a terminal, so of a progress bar only
/// the last state is left. A line longer than `longest` bytes is cut into several, never inside a character.
class line_splitter {
 public:
  /// Calls `sink(std::string_view line, wall_time when_it_began)` for each line that ends in `chunk`. `scratch` is
  /// memory that calls share.
  template <class Sink>
  void feed(std::string_view chunk, wall_time time, std::size_t longest, std::string& scratch, Sink&& sink) {
    scratch.clear();
    sanitizer_.feed(chunk, scratch);
    std::string_view rest = scratch;
    while (!rest.empty()) {
      const void* found = std::memchr(rest.data(), '\n', rest.size());
      const std::size_t length =
          found ? static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()) : rest.size();
      std::string_view line = rest.substr(0, length);
      rest.remove_prefix(found ? length + 1 : length);
      if (!found || !partial_.empty()) {
        if (partial_.empty()) since_ = time;
        partial_.append(line);
        partial_.erase(0, overwritten(partial_));
        line = partial_;
        cut_long(line, longest, since_, sink);
        if (!found) {
          partial_.erase(0, partial_.size() - line.size());
          break;
        }
        emit(line, since_, sink);
        partial_.clear();
        continue;
      }
      line.remove_prefix(overwritten(line));
      cut_long(line, longest, time, sink);
      emit(line, time, sink);
    }
  }

  /// The stream ended: what is left becomes a line.
  template <class Sink>
  void finish(Sink&& sink) {
    sanitizer_.finish(partial_);
    partial_.erase(0, overwritten(partial_));
    if (!partial_.empty()) emit(partial_, since_, sink);
    partial_.clear();
  }

  bool has_partial() const noexcept { return !partial_.empty(); }
  std::string_view partial() const noexcept { return without_end(partial_); }

 private:
  static std::string_view without_end(std::string_view line) {
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
  }
  /// Bytes at the front that a later carriage return has overwritten. Those at the end may belong to \r\n.
  static std::size_t overwritten(std::string_view line) {
    if (line.find('\r') == std::string_view::npos) return 0;
    const std::size_t last = without_end(line).rfind('\r');
    return last == std::string_view::npos ? 0 : last + 1;
  }
  template <class Sink>
  static void cut_long(std::string_view& line, std::size_t longest, wall_time time, Sink& sink) {
    while (line.size() > longest) {
      std::size_t end = longest;
      while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
      if (end == 0) end = longest;
      emit(line.substr(0, end), time, sink);
      line.remove_prefix(end);
    }
  }
  template <class Sink>
  static void emit(std::string_view line, wall_time time, Sink& sink) {
    sink(without_end(line), time);
  }

  sanitizer sanitizer_{sanitizer::carriage_return::keep};
  std::string partial_;
  wall_time since_{};
};

}  // namespace peelbox::progress
