// Tables with the columns of Go's text/tabwriter, which buildctl's are made by; scripts cut them at the same places.
#pragma once

#include <string>
#include <vector>

namespace peelbox::cli::buildctl {

/// Lines of cells. The last cell of a line ends it and is not padded. A column reaches over all lines that follow each other and
/// have the cell; its width is the longest of them.
struct table {
  std::vector<std::vector<std::string>> lines;

  void add(std::vector<std::string> cells) { lines.push_back(std::move(cells)); }
};

/// Padded with tabs to widths that are multiples of 8 and at least one more than the longest cell (parameters 1, 8, 1, tab).
std::string with_tabs(const table& of);
/// Padded with one blank more than the longest cell (parameters 0, 0, 1, blank).
std::string with_blanks(const table& of);

}  // namespace peelbox::cli::buildctl
