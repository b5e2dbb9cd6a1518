// A list of objects that follows what a watch tells. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::kubernetes {

/// One line of a watch (apimachinery, pkg/apis/meta/v1, WatchEvent).
struct watch_event {
  std::string type;  ///< "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"
  boost::json::value object;
};

/// Takes the body of a watch apart, wherever its pieces end. Servers write one event a line.
class watch_lines {
 public:
  /// An object with everything that others have written into it is far below that; etcd takes 1.5 MiB.
  static constexpr std::size_t most_of_a_line = 8 << 20;

  /// The events that these bytes complete. errc::protocol for what is no event, errc::limit for a line that does not end.
  result<std::vector<watch_event>> feed(byte_view bytes);

 private:
  std::string begun_;
};

class kept_list {
 public:
  static constexpr std::size_t most_items = 100'000;

  /// What a list gave, and the version that it had.
  void replace(boost::json::array items, std::string version);

  enum class outcome {
    same,     ///< only the version is another one
    changed,  ///< an object was added, changed or removed
    expired,  ///< what lies between is forgotten: list again
  };
  /// errc::protocol for a type that is none, an object without name and an error that is not about the version; errc::limit for too many
  /// objects. `words` of an error are the server's.
  result<outcome> apply(const watch_event& event);

  /// In the order in which they came.
  const boost::json::array& items() const noexcept { return items_; }
  /// From where a watch goes on; opaque.
  const std::string& version() const noexcept { return version_; }

 private:
  boost::json::array items_;
  std::string version_;
};

}  // namespace peelbox::kubernetes
