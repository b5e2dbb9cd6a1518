// Checks that a sequence of entries is one that a file-sync peer accepts.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/filesync/stat.hpp"

namespace peelbox::filesync {

/// Feed it every announced entry in order. Rules of fsutil/validator.go and fsutil/hardlinks.go: clean
/// relative paths, strictly ascending wire order, the parent directory announced before, hard links only to
/// files announced before in this sequence. The receiver trusts nothing that did not pass it.
class order_validator {
 public:
  /// failure{protocol} names the path and the rule; the validator must not be used after that.
  result<void> check(const stat_entry& entry);

 private:
  std::string last_path_;
  std::vector<std::string> open_directories_;  // the chain that the last entry is in, outermost first
  std::unordered_set<std::string> files_;
};

}  // namespace peelbox::filesync
