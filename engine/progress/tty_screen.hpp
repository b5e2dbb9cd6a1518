// A block of lines at the bottom of a terminal, redrawn in place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/progress/renderer.hpp"

namespace peelbox::progress {

enum class row_look { plain, done, failed, cancelled, warning, faint };

struct screen_row {
  std::string left;
  std::string right;  ///< at the right edge
  row_look look = row_look::plain;
};

/// Every line end with a return to the first column: a terminal whose driver does not add it needs both.
void append_whole_lines(std::string_view text, std::string& out);

/// Sends only what changed. The cursor stays below the block, in the first column. Pure: bytes are appended to `out`.
class tty_screen {
 public:
  tty_screen(unsigned columns, tty_colors colors) : columns_(columns), colors_(std::move(colors)) {}

  /// The terminal has another width. A narrower terminal folds lines that are too long, so the block becomes higher.
  void resize(unsigned columns);
  /// Others have written below the block, so it cannot be changed any more. The next one is drawn anew.
  void forget();
  /// A line above the block, with the next draw().
  void say(std::string_view line);
  void draw(const std::vector<screen_row>& rows, std::string& out);

 private:
  struct drawn_line {
    std::string bytes;
    std::size_t width = 0;
    bool erases = false;  // its row held other text before
  };
  void to_line(const screen_row& row, drawn_line& line) const;

  unsigned columns_;
  tty_colors colors_;
  std::vector<drawn_line> lines_;
  std::vector<drawn_line> next_;  // memory for the lines of the next frame
  std::size_t height_ = 0;  // rows of the terminal that lines_ take
  bool all_again_ = false;
  std::string said_;
};

}  // namespace peelbox::progress
