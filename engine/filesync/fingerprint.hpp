// A digest of what would be announced of a tree.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/filesync/packet.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::filesync {

/// What stands for the contents of a file, because it costs nothing. A change to the file gives it another change time; the
/// inode tells files apart that changed in the same tick.
struct file_numbers {
  std::int64_t mod_time = 0;     ///< ns
  std::int64_t change_time = 0;  ///< ns
  std::uint64_t inode = 0;
};

/// Equal for two trees only if a daemon that has the one needs nothing of the other. Times of directories and links do not
/// count, as they do not in the daemon's own content hash (BuildKit, cache/contenthash). Whoever must not be able to guess
/// it gets something that is derived from it with a secret.
class fingerprint {
 public:
  /// `name` is that of the local source; the patterns are those of the request, in its order.
  fingerprint(std::string_view name, const std::vector<std::string>& include, const std::vector<std::string>& exclude,
              const std::vector<std::string>& follow_paths);

  /// Entries in wire order. `contents`: of a regular file that is no further name of one before it.
  void add(const stat_packet& packet, const file_numbers* contents);

  /// "sha256:" and 64 hexadecimal digits. Ends the use of this object.
  std::string finish();

  /// The latest change time of a file that has contents, ns; the lowest value when there is none.
  std::int64_t newest_change() const noexcept { return newest_change_; }

 private:
  void put_number(std::uint64_t value);
  void put_text(std::string_view text);
  void put_list(const std::vector<std::string>& list);

  oci::sha256 digest_;
  std::string pending_;
  std::int64_t newest_change_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace peelbox::filesync
