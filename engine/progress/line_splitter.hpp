// Chunks of process output -> harmless lines.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/progress/event.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {

/// One output stream of one process. A carriage return starts the line anew, as on a terminal, so of a progress bar only
/// the last state is left. A line longer than `longest` bytes is cut into several, never inside a character.
class line_splitter {
 public:
  /// Appends the harmless form of `chunk` to `text` and calls `sink(begin, size, when_it_began)` for each line that it
  /// completes; begin and size are in `text`. What follows the last line end is kept for the next chunk.
  template <class Sink>
  void feed(std::string_view chunk, wall_time time, std::size_t longest, std::string& text, Sink&& sink) {
    const std::size_t base = text.size();
    sanitizer_.feed(chunk, text);
    if (text.size() == base) return;
    wall_time began = time;
    if (!partial_.empty()) {
      began = since_;
      const bool goes_on = text.find('\n', base) == text.npos && partial_.size() + text.size() - base <= longest;
      if (goes_on) {
        partial_.append(text, base);
        partial_.erase(0, overwritten(partial_));
        text.resize(base);
        return;
      }
      text.insert(base, partial_);
    }
    // Searched for once, because most output has none.
    const bool rewinds = text.find('\r', base) != text.npos;
    for (std::size_t at = base;; began = time) {
      const std::size_t found = text.find('\n', at);
      const std::size_t end = std::min(found, text.size());
      if (rewinds) at += overwritten(std::string_view(text).substr(at, end - at));
      while (end - at > longest) {
        const std::size_t size = front_of(std::string_view(text).substr(at), longest);
        emit(text, at, size, rewinds, began, sink);
        at += size;
      }
      if (found == text.npos) {
        partial_.assign(text, at);
        since_ = began;
        text.resize(at);
        return;
      }
      emit(text, at, end - at, rewinds, began, sink);
      at = end + 1;
    }
  }

  /// The stream ended: what is left becomes a line.
  template <class Sink>
  void finish(std::size_t longest, std::string& text, Sink&& sink) {
    sanitizer_.finish(partial_);
    partial_.erase(0, overwritten(partial_));
    if (partial_.empty()) return;
    std::size_t at = text.size();
    text.append(partial_);
    partial_.clear();
    // A character that was never completed became three bytes.
    while (text.size() - at > longest) {
      const std::size_t size = front_of(std::string_view(text).substr(at), longest);
      emit(text, at, size, true, since_, sink);
      at += size;
    }
    emit(text, at, text.size() - at, true, since_, sink);
  }

  /// The next chunk begins a line; the one before it was skipped. A line end resets the sanitizer, so the result is the
  /// same as if all text before had been fed.
  void begin_anew() {
    sanitizer_ = sanitizer(sanitizer::carriage_return::keep);
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
  /// The size of at most `longest` bytes at the front that does not cut a character.
  static std::size_t front_of(std::string_view line, std::size_t longest) {
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
    return end == 0 ? longest : end;
  }
  template <class Sink>
  static void emit(const std::string& text, std::size_t at, std::size_t size, bool rewinds, wall_time time, Sink& sink) {
    if (rewinds) size = without_end(std::string_view(text).substr(at, size)).size();
    sink(at, size, time);
  }

  sanitizer sanitizer_{sanitizer::carriage_return::keep};
  std::string partial_;
  wall_time since_{};
};

}  // namespace peelbox::progress
