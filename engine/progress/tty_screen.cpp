#include "engine/progress/tty_screen.hpp"

#include <algorithm>

#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {
namespace {

constexpr unsigned least_columns = 12;
constexpr std::string_view to_end_of_line = "\x1b[K";
constexpr std::string_view to_end_of_screen = "\x1b[J";
// A terminal may become narrower between our look at its size and the arrival of a frame. Without wrapping such a frame
// takes as many rows as it has lines, and the block's top stays where resize() expects it.
constexpr std::string_view no_wrapping = "\x1b[?7l";
constexpr std::string_view wrapping = "\x1b[?7h";

}  // namespace

void tty_screen::resize(unsigned columns) {
  columns = std::max(columns, 1u);
  if (columns == columns_) return;
  columns_ = columns;
  height_ = 0;
  for (const drawn_line& line : lines_) height_ += std::max<std::size_t>(1, (line.width + columns - 1) / columns);
  all_again_ = true;
}

void tty_screen::forget() {
  lines_.clear();
  height_ = 0;
}

void tty_screen::say(std::string_view line) {
  // A terminal in raw mode, as tests have it, needs both.
  for (const char c : line) {
    if (c == '\n') said_.push_back('\r');
    said_.push_back(c);
  }
  said_.append("\r\n");
}

void tty_screen::draw(const std::vector<screen_row>& rows, std::string& out) {
  std::vector<drawn_line> lines;
  lines.reserve(rows.size());
  for (const screen_row& row : rows) lines.push_back(to_line(row));
  const auto unchanged = [&](std::size_t i) { return i < lines_.size() && lines[i].bytes == lines_[i].bytes; };
  if (!all_again_ && said_.empty() && lines.size() == lines_.size()) {
    bool same = true;
    for (std::size_t i = 0; i < lines.size() && same; ++i) same = unchanged(i);
    if (same) return;
  }
  out.append(no_wrapping);
  if (height_ > 0) out.append("\x1b[").append(std::to_string(height_)).append("A");
  out.push_back('\r');
  if (all_again_ || !said_.empty()) {
    out.append(to_end_of_screen);
    if (!said_.empty()) out.append(wrapping).append(said_).append(no_wrapping);
    lines_.clear();
    said_.clear();
    all_again_ = false;
  }
  std::size_t unsent = 0;  // line ends to be made up for lines that stay
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (unchanged(i)) {
      ++unsent;
      continue;
    }
    if (unsent > 0) out.append("\x1b[").append(std::to_string(unsent)).append("B");
    unsent = 0;
    out.append(lines[i].bytes);
    if (i < lines_.size()) out.append(to_end_of_line);
    out.append("\r\n");
  }
  if (unsent > 0) out.append("\x1b[").append(std::to_string(unsent)).append("B");
  if (lines.size() < lines_.size()) out.append(to_end_of_screen);
  out.append(wrapping);
  lines_ = std::move(lines);
  height_ = lines_.size();
}

// One column stays free, since a full line makes some terminals wrap.
tty_screen::drawn_line tty_screen::to_line(const screen_row& row) const {
  const std::size_t columns = std::max(columns_, least_columns) - 1;
  const std::size_t right = text_width(row.right);
  std::string left = row.left;
  std::replace(left.begin(), left.end(), '\t', ' ');
  left = std::string(cut_to_width(left, columns - std::min(columns, right + (right > 0 ? 1 : 0))));
  drawn_line line;
  line.width = text_width(left);
  const std::string& code = row.look == row_look::done        ? colors_.done
                            : row.look == row_look::failed    ? colors_.failed
                            : row.look == row_look::cancelled ? colors_.cancelled
                            : row.look == row_look::warning   ? colors_.warning
                            : row.look == row_look::faint     ? colors_.faint
                                                              : colors_.plain;
  line.bytes.append(code).append(left);
  if (right > 0) {
    line.bytes.append(columns - right - line.width, ' ').append(row.right);
    line.width = columns;
  }
  if (!code.empty()) line.bytes.append("\x1b[0m");
  return line;
}

}  // namespace peelbox::progress
