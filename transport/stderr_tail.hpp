// What a program said last.
#pragma once

#include <string>
#include <string_view>

namespace peelbox::transport {

/// The last lines of a program's stderr, bounded. Untrusted text.
class stderr_tail {
 public:
  void append(std::string_view text);
  bool empty() const noexcept { return text_.empty(); }
  /// The lines, without blanks at both ends.
  std::string text() const;

 private:
  std::string text_;
};

}  // namespace peelbox::transport
