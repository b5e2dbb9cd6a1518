// URLs of the API. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peelbox::kubernetes {

/// A kind of object, as it stands in URLs and in what is said about rights.
struct resource {
  std::string group;  ///< empty: the core
  std::string version = "v1";
  std::string plural;  ///< "pods"
};

inline resource pods() { return {"", "v1", "pods"}; }
inline resource events() { return {"", "v1", "events"}; }
inline resource claims() { return {"", "v1", "persistentvolumeclaims"}; }
inline resource stateful_sets() { return {"apps", "v1", "statefulsets"}; }

using query_list = std::vector<std::pair<std::string, std::string>>;

struct object_path {
  resource of;
  std::string name_space;  ///< empty: of the whole cluster
  std::string name;        ///< empty: all of them
  std::string subresource;

  /// "/apis/apps/v1/namespaces/b/statefulsets/x/scale?a=b".
  std::string target(const query_list& query = {}) const;
  /// "statefulsets/scale of apps", for people.
  std::string text() const;
};

}  // namespace peelbox::kubernetes
