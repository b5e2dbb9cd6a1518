// What holds a set that gets no ready pod, and when waiting for it makes no sense any more. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/kubernetes/pool_state.hpp"

namespace peelbox::kubernetes {

/// What the newest event tells that is about getting ready.
struct pool_event {
  hold kind = hold::none;  ///< none: it goes on
  bool brings_node = false;
  std::string words;  ///< "FailedCreate: … exceeded quota"
};
/// Of the events of one object, in any order; std::nullopt when none says anything about that. Times are those of the server.
std::optional<pool_event> newest_event(const boost::json::value& items);

struct set_hold {
  hold kind = hold::none;
  std::string why;  ///< also when nothing holds it: "buildkit-amd64-0: it is not ready (Pending)"
};
/// The object whose events would tell more: a pod that is on its way, has no node or no volume, else the set that has none.
std::string object_in_question(const pool_set& set, const std::vector<pool_pod>& pods);
/// `told` is of that object. When one pod is on its way nothing holds the set, whatever is the matter with the others.
set_hold hold_of(const std::vector<pool_pod>& pods, const std::optional<pool_event>& told);

/// How long it may last; std::nullopt: until the caller's own limit. A node takes minutes to come, and only events tell whether one does:
/// without them nobody gives up for that reason.
std::optional<std::chrono::seconds> patience_with(hold kind, bool knows_events);

/// Judges as time goes on. Words may differ from one time to the next; what counts is the kind.
class hold_clock {
 public:
  bool too_long(hold now, bool knows_events, std::chrono::steady_clock::time_point time);

 private:
  hold kind_ = hold::none;
  std::chrono::steady_clock::time_point since_{};
};

}  // namespace peelbox::kubernetes
