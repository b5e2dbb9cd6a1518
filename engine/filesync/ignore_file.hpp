// Lines of a .dockerignore file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::filesync {

struct ignore_line {
  std::string pattern;   ///< ready for pattern_set::compile
  std::size_t line = 0;  ///< 1-based; 0: not from a file
  std::string text;      ///< as written, for explanations
  std::string file;      ///< where it stands, for explanations
};

/// Reads lines as Docker does (moby/patternmatcher/ignorefile): without a byte order mark and a carriage return at
/// the end. '#' at the very beginning of a line starts a comment, white space around a pattern and after '!' is
/// dropped, the pattern is cleaned (clean_path), and one leading '/' is removed. `file` is its name for
/// explanations.
std::vector<ignore_line> read_dockerignore(std::string_view content, std::string_view file);

}  // namespace peelbox::filesync
