// Looks at objects whenever they change.
#pragma once

#include <boost/json/array.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "engine/kubernetes/client.hpp"

namespace peelbox::kubernetes {

struct watch_options {
  /// How long one request lasts: shorter than what balancers between leave a connection idle.
  std::chrono::seconds lasts{240};
  /// Between two requests, with jitter; doubled up to the longest one while they end at once.
  std::chrono::milliseconds first_pause{200};
  std::chrono::milliseconds longest_pause{5'000};
  /// How often the list is read where the account may not watch.
  std::chrono::milliseconds poll{2'000};
  /// The server cannot be reached, which is tried again; std::nullopt when it has answered again.
  std::function<void(const std::optional<failure>& why)> trouble;
  /// For those who want to know: "… may not watch; it is asked every 2 s instead".
  std::function<void(const std::string& words)> note;
};

/// The objects as they are; true ends the watch. Not suspended while it runs.
using watch_look = std::function<bool(const boost::json::array& items)>;

/// Calls `look` with all objects at first, and again when one of them has changed, until it says that it is enough. What an interruption
/// hides is not lost: the list is read again after a connection that broke and a version that the server has forgotten (410), and followed from
/// there. Where the account may not watch, the list is read every `poll`. Goes on while the server is away; a caller that does not want
/// to wait so long cancels it. Failures: those that do not pass by themselves, such as errc::permission for the list. `api` must outlive it.
task<result<void>> watch(client& api, object_path what, query_list selectors, watch_look look, watch_options how = {});

}  // namespace peelbox::kubernetes
