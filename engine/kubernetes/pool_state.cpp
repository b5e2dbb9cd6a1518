#include "engine/kubernetes/pool_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/data/json.hpp"
#include "engine/kubernetes/exec_credential.hpp"
#include "engine/kubernetes/quantity.hpp"

namespace peelbox::kubernetes {
namespace {

namespace json = data::json;

constexpr std::string_view daemon_container = "buildkitd";

struct known_reason {
  std::string_view word;
  hold kind;
};
/// Why a container waits (kubelet, images and kuberuntime).
constexpr std::array<known_reason, 10> waiting_reasons{{
    {"InvalidImageName", hold::broken},
    {"ErrImageNeverPull", hold::broken},
    {"CreateContainerConfigError", hold::broken},
    {"CreateContainerError", hold::broken},
    {"SignatureValidationFailed", hold::broken},
    {"ImageInspectError", hold::broken},
    {"ErrImagePull", hold::image},
    {"ImagePullBackOff", hold::image},
    {"RegistryUnavailable", hold::image},
    {"CrashLoopBackOff", hold::crash},
}};

const json::value& at(const json::value& from, std::initializer_list<std::string_view> path) {
  static const json::value none;
  const json::value* here = &from;
  for (const std::string_view name : path) {
    here = data::member(*here, name);
    if (here == nullptr) return none;
  }
  return *here;
}

std::string text(const json::value& from, std::string_view name) { return std::string(data::text_of(from, name)); }

std::int64_t number(const json::value& from, std::string_view name, std::int64_t otherwise) {
  const json::value* found = data::member(from, name);
  return found != nullptr && found->is_int64() ? found->get_int64() : otherwise;
}

const json::array& items_of(const json::value& list) {
  static const json::array none;
  return list.is_array() ? list.get_array() : none;
}

bool controlled_by(const json::value& pod, const std::string& uid) {
  for (const json::value& owner : items_of(at(pod, {"metadata", "ownerReferences"}))) {
    const json::value* controller = data::member(owner, "controller");
    if (controller != nullptr && controller->is_bool() && controller->get_bool() && data::text_of(owner, "uid") == uid) return true;
  }
  return false;
}

std::string with_message(std::string reason, const json::value& from) {
  const std::string_view message = data::text_of(from, "message");
  return message.empty() ? reason : fmt::format("{}: {}", reason, message.substr(0, 300));
}

/// Why it is not ready; empty when it is.
std::string obstacle(const json::value& pod, hold& held) {
  if (data::member(at(pod, {"metadata"}), "deletionTimestamp") != nullptr) return "it is being deleted";
  bool ready = false;
  for (const json::value& condition : items_of(at(pod, {"status", "conditions"}))) {
    const std::string_view type = data::text_of(condition, "type");
    const bool holds = data::text_of(condition, "status") == "True";
    if (type == "Ready") ready = holds;
    if (type == "DisruptionTarget" && holds) return with_message("it is about to be disrupted", condition);
    if (type == "PodScheduled" && !holds && data::text_of(condition, "status") == "False") {
      held = hold::unschedulable;
      return with_message(text(condition, "reason"), condition);
    }
  }
  for (const char* kind : {"initContainerStatuses", "containerStatuses"})
    for (const json::value& one : items_of(at(pod, {"status", kind}))) {
      const json::value& waiting = at(one, {"state", "waiting"});
      const std::string reason = text(waiting, "reason");
      const auto* const known = std::find_if(waiting_reasons.begin(), waiting_reasons.end(), [&](const known_reason& each) { return each.word == reason; });
      if (known != waiting_reasons.end()) held = known->kind;
      if (!reason.empty() && reason != "ContainerCreating" && reason != "PodInitializing") {
        const json::value& last = at(one, {"lastState", "terminated"});
        std::string what = with_message(reason, waiting);
        if (last.is_object()) what += fmt::format(" (it ended with {}, exit code {})", data::text_of(last, "reason"), number(last, "exitCode", 0));
        return what;
      }
      const json::value* is_ready = data::member(one, "ready");
      if (data::text_of(one, "name") == daemon_container && (is_ready == nullptr || !is_ready->is_bool() || !is_ready->get_bool()))
        return "its container buildkitd is not ready";
    }
  if (ready) return {};
  const std::string reason = text(at(pod, {"status"}), "reason");
  return reason.empty() ? fmt::format("it is not ready ({})", data::text_of(at(pod, {"status"}), "phase")) : with_message(reason, at(pod, {"status"}));
}

}  // namespace

result<pool_set> read_set(const json::value& object, const std::string& annotation) {
  pool_set made;
  const json::value& about = at(object, {"metadata"});
  made.name = text(about, "name");
  made.uid = text(about, "uid");
  made.resource_version = text(about, "resourceVersion");
  if (made.name.empty() || made.uid.empty()) return failure(errc::protocol, "the answer is no StatefulSet", origin::peer);
  made.replicas = number(at(object, {"spec"}), "replicas", 1);
  made.ready = number(at(object, {"status"}), "readyReplicas", 0);
  const json::value& labels = at(object, {"spec", "selector", "matchLabels"});
  if (labels.is_object())
    for (const auto& [key, value] : labels.get_object())
      if (value.is_string()) made.selector += fmt::format("{}{}={}", made.selector.empty() ? "" : ",", std::string_view(key), std::string_view(value.get_string()));
  const json::value* last = data::member(at(about, {"annotations"}), annotation);
  if (last != nullptr && last->is_string()) made.last_build = std::string(last->get_string());
  for (const json::value& one : items_of(at(object, {"spec", "volumeClaimTemplates"}))) made.claim_templates.push_back(text(at(one, {"metadata"}), "name"));
  made.deletes_claims = data::text_of(at(object, {"spec", "persistentVolumeClaimRetentionPolicy"}), "whenScaled") == "Delete";
  return made;
}

std::vector<pool_pod> read_pods(const json::value& items, const pool_set& of) {
  std::vector<pool_pod> pods;
  for (const json::value& one : items_of(items)) {
    if (!controlled_by(one, of.uid)) continue;
    pool_pod pod;
    pod.name = text(at(one, {"metadata"}), "name");
    pod.ip = text(at(one, {"status"}), "podIP");
    pod.running = data::text_of(at(one, {"status"}), "phase") == "Running";
    pod.uid = text(at(one, {"metadata"}), "uid");
    pod.leaving = data::member(at(one, {"metadata"}), "deletionTimestamp") != nullptr;
    for (const json::value& container : items_of(at(one, {"status", "containerStatuses"}))) {
      if (data::text_of(container, "name") != daemon_container) continue;
      pod.restarts = number(container, "restartCount", 0);
      // Between its end and its start anew it is `state`.
      const json::value& ended = at(container, {"state", "terminated"}).is_object() ? at(container, {"state", "terminated"})
                                                                                     : at(container, {"lastState", "terminated"});
      if (ended.is_object()) pod.last_end = fmt::format("{}, exit code {}", data::text_of(ended, "reason"), number(ended, "exitCode", 0));
      if (at(container, {"state", "terminated"}).is_object()) ++pod.restarts;
    }
    if (data::text_of(at(one, {"status"}), "phase") == "Failed")
      pod.failed = with_message(text(at(one, {"status"}), "reason"), at(one, {"status"}));
    pod.why_not = obstacle(one, pod.held);
    if (pod.why_not.empty() && pod.ip.empty()) pod.why_not = "it has no address";
    pod.usable = pod.why_not.empty();
    pods.push_back(std::move(pod));
  }
  return pods;
}

std::string end_of_builds(const pool_pod& before, const pool_pod* now) {
  if (now == nullptr) return "it has gone";
  if (!now->failed.empty()) return now->failed;
  if (now->uid != before.uid) return "it was replaced by a new pod of its name";
  if (now->restarts > before.restarts) return fmt::format("its daemon has ended ({})", now->last_end.empty() ? "the reason is not known" : now->last_end);
  return {};
}

std::string fate_of_pod(const json::value& pod, const std::string& container, std::chrono::system_clock::time_point since) {
  // Clocks of clusters and clients differ by seconds, and ends that matter are newer than the connection.
  constexpr std::chrono::seconds skew{10};
  const json::value& status = at(pod, {"status"});
  if (data::text_of(status, "phase") == "Failed") return with_message(fmt::format("the pod has failed: {}", data::text_of(status, "reason")), status);
  const json::array& containers = items_of(at(status, {"containerStatuses"}));
  for (const json::value& one : containers) {
    const std::string_view name = data::text_of(one, "name");
    if (name != (container.empty() ? daemon_container : std::string_view(container)) && !(container.empty() && containers.size() == 1)) continue;
    for (const char* which : {"state", "lastState"}) {
      const json::value& ended = at(one, {which, "terminated"});
      if (!ended.is_object()) continue;
      const auto when = parse_rfc3339(data::text_of(ended, "finishedAt"));
      if (when && *when < since - skew) continue;
      return fmt::format("the container {} of the pod has ended ({}, exit code {})", name, data::text_of(ended, "reason"), number(ended, "exitCode", 0));
    }
  }
  if (data::member(at(pod, {"metadata"}), "deletionTimestamp") != nullptr) return "the pod is being deleted";
  return {};
}

std::vector<pool_claim> read_claims(const json::value& items, const pool_set& of) {
  std::vector<pool_claim> claims;
  for (const json::value& one : items_of(items)) {
    pool_claim claim;
    const json::value& about = at(one, {"metadata"});
    claim.name = text(about, "name");
    const bool ours = std::any_of(of.claim_templates.begin(), of.claim_templates.end(), [&](const std::string& made_by) {
      const std::string begin = fmt::format("{}-{}-", made_by, of.name);
      if (!claim.name.starts_with(begin)) return false;
      const char* const first = claim.name.data() + begin.size();
      const char* const last = claim.name.data() + claim.name.size();
      const auto [end, error] = std::from_chars(first, last, claim.ordinal);
      return error == std::errc() && end == last && *first != '-';
    });
    if (!ours) continue;
    claim.uid = text(about, "uid");
    claim.resource_version = text(about, "resourceVersion");
    claim.being_deleted = data::member(about, "deletionTimestamp") != nullptr;
    claim.size = text(at(one, {"status", "capacity"}), "storage");
    if (claim.size.empty()) claim.size = text(at(one, {"spec", "resources", "requests"}), "storage");
    claims.push_back(std::move(claim));
  }
  return claims;
}

std::vector<std::string> claims_in_use(const json::value& pods) {
  std::vector<std::string> names;
  for (const json::value& pod : items_of(pods))
    for (const json::value& volume : items_of(at(pod, {"spec", "volumes"})))
      if (std::string name = text(at(volume, {"persistentVolumeClaim"}), "claimName"); !name.empty()) names.push_back(std::move(name));
  return names;
}

std::string reason_to_keep(const pool_claim& claim, const pool_set& of, const std::vector<std::string>& in_use) {
  if (claim.being_deleted) return "it is being deleted";
  if (std::find(in_use.begin(), in_use.end(), claim.name) != in_use.end()) return "a pod uses it";
  // Its pod is about to be made, and would find it gone.
  if (claim.ordinal < of.replicas) return fmt::format("{} has {} replicas", of.name, of.replicas);
  return {};
}

void add_metrics(std::vector<pool_pod>& pods, const json::value& items) {
  for (const json::value& one : items_of(items)) {
    const std::string name = text(at(one, {"metadata"}), "name");
    const auto found = std::find_if(pods.begin(), pods.end(), [&](const pool_pod& pod) { return pod.name == name; });
    if (found == pods.end()) continue;
    std::optional<std::int64_t> sum;
    for (const json::value& container : items_of(at(one, {"containers"}))) {
      const std::optional<std::int64_t> cpu = parse_nanos(data::text_of(at(container, {"usage"}), "cpu"));
      if (!cpu) continue;
      if (data::text_of(container, "name") == daemon_container) {
        sum = *cpu;
        break;
      }
      sum = sum.value_or(0) + *cpu;
    }
    found->cpu = sum;
  }
}

result<std::int64_t> read_last_build(const std::string& value, std::int64_t now) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size() || seconds < 0)
    return failure(errc::usage, fmt::format("the time of the last build, \"{}\", is no number of seconds since 1970: set it again with "
                                            "`peelbox pool record-build`", value.substr(0, 100)), origin::user);
  if (seconds > 100'000'000'000) seconds /= 1000;
  if (seconds > now + 86'400)
    return failure(errc::usage, fmt::format("the time of the last build, {}, is more than a day from now: set it again with `peelbox pool "
                                            "record-build`", value), origin::user);
  return seconds;
}

}  // namespace peelbox::kubernetes
