// git's attributes, asked only whether git may keep other bytes than a file has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peelbox::filesync {

/// Line ends, filters, $Id$ and encodings (gitattributes(5)). Says yes too often rather than too rarely: a line counts also when a
/// later one takes it back, and of its pattern only the end of the last name.
class git_conversions {
 public:
  /// The text of an attributes file for what is below `directory`, "" being all of the work tree.
  void add(std::string_view text, std::string_view directory);
  /// Nothing is known about what is below it.
  void add_unknown(std::string_view directory) { rules_.push_back({std::string(directory), {}, false}); }

  bool empty() const noexcept { return rules_.empty(); }
  /// `path` is relative to the root of the work tree.
  bool may_convert(std::string_view path) const;

 private:
  struct rule {
    std::string directory;
    std::string end;  ///< lower case; of the path's last name, or
    bool whole;       ///< all of that name
  };
  std::vector<rule> rules_;
};

}  // namespace peelbox::filesync
