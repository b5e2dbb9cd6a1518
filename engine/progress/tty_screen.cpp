#include "engine/progress/tty_screen.hpp"

#include <algorithm>

#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {
namespace {

constexpr unsigned least_columns = 12;
constexpr std::string_view to_end_of_line = "\x1b[K";
constexpr std::string_view to_end_of_screen = "\x1b[J";
// A terminal may become narrower after we have asked for its size. With wrapping off, such a frame still takes as many rows
// as it has lines, and the block's top stays where resize() expects it.
constexpr std::string_view no_wrapping = "\x1b[?7l";
constexpr std::string_view wrapping = "\x1b[?7h";
constexpr std::string_view no_colour = "\x1b[0m";
constexpr std::size_t most_codes = 16;  // bytes of a move to the right edge and no_colour

// `where`: A up, B down, C to the right.
void append_move(std::size_t cells, char where, std::string& out) {
  out.append("\x1b[").append(std::to_string(cells)).push_back(where);
}

}  // namespace

void append_whole_lines(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '\n') out.push_back('\r');
    out.push_back(c);
  }
}

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
  append_whole_lines(line, said_);
  said_.append("\r\n");
}

void tty_screen::draw(const std::vector<screen_row>& rows, std::string& out) {
  std::vector<drawn_line>& lines = next_;
  lines.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) to_line(rows[i], lines[i]);
  const auto unchanged = [&](std::size_t i) { return i < lines_.size() && lines[i].bytes == lines_[i].bytes; };
  if (!all_again_ && said_.empty() && lines.size() == lines_.size()) {
    bool same = true;
    for (std::size_t i = 0; i < lines.size() && same; ++i) same = unchanged(i);
    if (same) return;
  }
  out.append(no_wrapping);
  if (height_ > 0) append_move(height_, 'A', out);
  out.push_back('\r');
  if (all_again_ || !said_.empty()) {
    out.append(to_end_of_screen);
    if (!said_.empty()) out.append(wrapping).append(said_).append(no_wrapping);
    lines_.clear();
    said_.clear();
    all_again_ = false;
  }
  std::size_t below = 0;  // rows from the cursor down to where the next line belongs
  const auto go_down = [&] {
    if (below > 0) append_move(below, 'B', out);
    below = 0;
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool on_screen = i < lines_.size();
    if (on_screen && unchanged(i)) {
      ++below;
      continue;
    }
    go_down();
    out.append(lines[i].bytes);
    if (on_screen) {
      // A cursor movement instead of a line end, at which the kernel's terminal driver would stop and wake the terminal.
      if (!lines[i].erases) out.append(to_end_of_line);
      out.push_back('\r');
      ++below;
    } else {
      out.append("\r\n");
    }
  }
  go_down();
  if (lines.size() < lines_.size()) out.append(to_end_of_screen);
  out.append(wrapping);
  std::swap(lines_, lines);
  height_ = lines_.size();
}

// One column stays free, because some terminals wrap a full line.
void tty_screen::to_line(const screen_row& row, drawn_line& line) const {
  const std::size_t columns = std::max(columns_, least_columns) - 1;
  const std::size_t right = text_width(row.right);
  const std::string_view left = cut_to_width(row.left, columns - std::min(columns, right + (right > 0 ? 1 : 0)));
  line.width = text_width(left);
  line.erases = right > 0;
  line.bytes.clear();
  const std::string& code = row.look == row_look::done        ? colors_.done
                            : row.look == row_look::failed    ? colors_.failed
                            : row.look == row_look::cancelled ? colors_.cancelled
                            : row.look == row_look::warning   ? colors_.warning
                            : row.look == row_look::faint     ? colors_.faint
                                                              : colors_.plain;
  line.bytes.reserve(code.size() + left.size() + to_end_of_line.size() + row.right.size() + most_codes);
  line.bytes.append(code).append(left);
  std::replace(line.bytes.end() - static_cast<std::ptrdiff_t>(left.size()), line.bytes.end(), '\t', ' ');
  if (right > 0) {
    // Erases and jumps over the gap: written as spaces it would be most of a frame, and bytes are expensive for a terminal.
    line.bytes.append(to_end_of_line);
    if (const std::size_t between = columns - std::min(columns, right + line.width); between > 0) append_move(between, 'C', line.bytes);
    line.bytes.append(row.right);
    line.width = columns;
  }
  if (!code.empty()) line.bytes.append(no_colour);
}

}  // namespace peelbox::progress
