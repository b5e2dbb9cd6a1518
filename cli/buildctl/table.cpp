#include "cli/buildctl/table.hpp"

#include <algorithm>

namespace peelbox::cli::buildctl {

namespace {

constexpr std::size_t tab_stop = 8;

/// Characters, not bytes (text/tabwriter counts runes).
std::size_t width_of(const std::string& cell) {
  return static_cast<std::size_t>(std::count_if(cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The longest cell of the column around this line.
std::size_t column_width(const table& of, std::size_t line, std::size_t column) {
  const auto has = [&](std::size_t i) { return column + 1 < of.lines[i].size(); };
  std::size_t first = line;
  while (first > 0 && has(first - 1)) --first;
  std::size_t widest = 0;
  for (std::size_t i = first; i < of.lines.size() && has(i); ++i) widest = std::max(widest, width_of(of.lines[i][column]));
  return widest;
}

template <class Pad>
std::string written(const table& of, Pad pad) {
  std::string text;
  for (std::size_t i = 0; i < of.lines.size(); ++i) {
    const std::vector<std::string>& cells = of.lines[i];
    for (std::size_t column = 0; column < cells.size(); ++column) {
      text += cells[column];
      if (column + 1 < cells.size()) text += pad(width_of(cells[column]), column_width(of, i, column) + 1);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string with_tabs(const table& of) {
  return written(of, [](std::size_t cell, std::size_t width) {
    width = (width + tab_stop - 1) / tab_stop * tab_stop;
    return std::string((width - cell + tab_stop - 1) / tab_stop, '\t');
  });
}

std::string with_blanks(const table& of) {
  return written(of, [](std::size_t cell, std::size_t width) { return std::string(width - cell, ' '); });
}

}  // namespace peelbox::cli::buildctl
