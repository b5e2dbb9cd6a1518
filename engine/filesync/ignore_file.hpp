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

/// What Docker reads (moby/patternmatcher/ignorefile): a byte order mark and a final carriage return do not
/// count,
/// '#' at the very beginning of a line starts a comment, white space around a pattern and behind '!' goes,
/// the pattern is cleaned by words and one leading '/' is taken off. `file` is its name for explanations.
std::vector<ignore_line> read_dockerignore(std::string_view content, std::string_view file);

}  // namespace peelbox::filesync
