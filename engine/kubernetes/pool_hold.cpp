#include "engine/kubernetes/pool_hold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/data/json.hpp"

namespace peelbox::kubernetes {
namespace {

namespace json = data::json;

constexpr std::size_t most_of_a_reason = 300;

struct known_event {
  std::string_view reason;
  hold kind;
  bool brings_node = false;
};
/// Of a set: controller/statefulset. Of a pod: kubelet, the scheduler, the cluster autoscaler and Karpenter. Those that hold nothing are here because
/// they make older ones untrue.
constexpr std::array<known_event, 15> known_events{{
    {"FailedCreate", hold::refused},
    {"SuccessfulCreate", hold::none},
    {"SuccessfulDelete", hold::none},
    {"FailedScheduling", hold::unschedulable},
    {"NotTriggerScaleUp", hold::unschedulable},
    {"TriggeredScaleUp", hold::none, true},
    {"Nominated", hold::none, true},
    {"Scheduled", hold::none},
    {"FailedMount", hold::volume},
    {"FailedAttachVolume", hold::volume},
    {"SuccessfulAttachVolume", hold::none},
    {"Pulling", hold::none},
    {"Pulled", hold::none},
    {"Created", hold::none},
    {"Started", hold::none},
}};

/// RFC 3339 in UTC, with or without fractions: as text in the order of time but for the fractions.
std::string time_of(const json::value& event) {
  for (const char* name : {"lastTimestamp", "eventTime"})
    if (const std::string_view time = data::text_of(event, name); !time.empty()) return std::string(time.substr(0, 19));
  if (const json::value* series = data::member(event, "series"); series != nullptr)
    if (const std::string_view time = data::text_of(*series, "lastObservedTime"); !time.empty()) return std::string(time.substr(0, 19));
  const json::value* about = data::member(event, "metadata");
  return about == nullptr ? std::string() : std::string(data::text_of(*about, "creationTimestamp").substr(0, 19));
}

}  // namespace

std::optional<pool_event> newest_event(const json::value& items) {
  std::optional<pool_event> newest;
  std::string time;
  if (!items.is_array()) return newest;
  // A node that was promised is one until the pod is on it, however often the scheduler says meanwhile that there is none.
  std::string promised;
  for (const json::value& one : items.get_array()) {
    const std::string_view reason = data::text_of(one, "reason");
    const auto* const known = std::find_if(known_events.begin(), known_events.end(), [&](const known_event& each) { return each.reason == reason; });
    if (known == known_events.end()) continue;
    std::string when = time_of(one);
    if (known->brings_node) promised = std::max(promised, when);
    if (newest && when < time) continue;
    newest = pool_event{known->kind, known->brings_node, fmt::format("{}: {}", reason, data::text_of(one, "message").substr(0, most_of_a_reason))};
    time = std::move(when);
  }
  if (newest && newest->kind == hold::unschedulable && !promised.empty()) newest->brings_node = true;
  return newest;
}

std::string object_in_question(const pool_set& set, const std::vector<pool_pod>& pods) {
  for (const pool_pod& pod : pods)
    if (!pod.usable && (pod.held == hold::none || pod.held == hold::unschedulable) && !pod.uid.empty()) return pod.uid;
  return pods.empty() ? set.uid : std::string();
}

set_hold hold_of(const std::vector<pool_pod>& pods, const std::optional<pool_event>& told) {
  set_hold made;
  bool on_its_way = false;
  bool asked = false;
  for (const pool_pod& pod : pods) {
    if (pod.usable) continue;
    made.why += fmt::format("{}{}: {}", made.why.empty() ? "" : "; ", pod.name, pod.why_not);
    hold held = pod.held;
    // Its own object says "ContainerCreating" for as long as a volume is missing.
    if (told && !asked && (held == hold::none || held == hold::unschedulable)) {
      asked = true;
      if (held == hold::none && told->kind == hold::volume) {
        held = hold::volume;
        made.why += fmt::format(" ({})", told->words);
      }
      if (held == hold::unschedulable && told->brings_node) {
        held = hold::none;
        made.why += " (a node is on its way)";
      }
    }
    on_its_way = on_its_way || held == hold::none;
    made.kind = std::max(made.kind, held);
  }
  if (on_its_way) made.kind = hold::none;
  if (pods.empty()) {
    made.why = "it has no pods";
    if (told && told->kind == hold::refused) made = {hold::refused, told->words};
  }
  return made;
}

std::optional<std::chrono::seconds> patience_with(hold kind, bool knows_events) {
  switch (kind) {
    case hold::none: return std::nullopt;
    case hold::unschedulable: return knows_events ? std::optional(std::chrono::seconds(120)) : std::nullopt;
    case hold::volume: return std::chrono::seconds(120);
    case hold::image:
    case hold::crash: return std::chrono::seconds(30);
    // Not at once: an event of an earlier time may be the newest until the controller has tried.
    case hold::refused: return std::chrono::seconds(10);
    case hold::broken: return std::chrono::seconds(0);
  }
  return std::nullopt;
}

bool hold_clock::too_long(hold now, bool knows_events, std::chrono::steady_clock::time_point time) {
  if (now != kind_) {
    kind_ = now;
    since_ = time;
  }
  const std::optional<std::chrono::seconds> most = patience_with(now, knows_events);
  return most && time - since_ >= *most;
}

}  // namespace peelbox::kubernetes
