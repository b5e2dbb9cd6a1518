// The sets and pods of a pool, read from the objects of the API. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::kubernetes {

struct pool_set {
  std::string name;
  std::string uid;
  std::string resource_version;
  std::int64_t replicas = 1;  ///< absent means 1 in a StatefulSet
  std::int64_t ready = 0;
  /// "app=buildkit,arch=amd64", of its selector.
  std::string selector;
  std::optional<std::string> last_build;  ///< the annotation as it is
  /// "cache": the names of its volumeClaimTemplates.
  std::vector<std::string> claim_templates;
  /// Suspending destroys the claims and with them the caches.
  bool deletes_claims = false;
};
/// errc::protocol when it is no StatefulSet.
result<pool_set> read_set(const boost::json::value& object, const std::string& annotation);

/// What keeps a pod from getting ready, by how likely it is that it passes.
enum class hold {
  none,           ///< nothing does: it is on its way
  unschedulable,  ///< no node takes it; one may be on its way
  volume,         ///< its volume is not attached or mounted
  image,          ///< its image is not pulled; registries have bad minutes
  crash,          ///< its container ends soon after its start
  refused,        ///< the API does not let it be made: a quota, a policy
  broken,         ///< what its object says cannot work, such as an image name that is none
};

struct pool_pod {
  std::string name;
  std::string ip;
  /// Builds may be sent to it: it belongs to the set, is ready and stays.
  bool usable = false;
  bool leaving = false;  ///< it is being deleted, perhaps after what it does now
  /// It runs, so a build may be running in it.
  bool running = false;
  /// Why not, for people: "it is being deleted", "ImagePullBackOff: …".
  std::string why_not;
  hold held = hold::none;
  std::string uid;
  /// How often its container buildkitd was started again, and how it ended before: "OOMKilled, exit code 137".
  std::int64_t restarts = 0;
  std::string last_end;
  /// Why it has failed for good: "Evicted: The node was low on resource: memory." Empty: it has not.
  std::string failed;
  /// In billionths of a processor; none: nobody has measured it yet, which is not zero.
  std::optional<std::int64_t> cpu;
  /// How many builds its daemon runs; none: it was not asked, or did not answer.
  std::optional<std::size_t> builds;
};
/// The pods whose controller is `of`, in the order of the list. Others are left out, whatever their names.
std::vector<pool_pod> read_pods(const boost::json::value& items, const pool_set& of);
/// What has ended the builds of a pod since it was `before`: "Evicted: …", "its daemon has ended (OOMKilled, exit code 137)". Empty:
/// nothing has, as far as its object tells. `now` is none when it is not there any more.
std::string end_of_builds(const pool_pod& before, const pool_pod* now);
/// What has become of a pod, or of its container (empty: buildkitd, else its only one), that ended a connection which began at `since` by our
/// clock: "the pod has failed: Evicted: …", "the container buildkitd of the pod has ended (OOMKilled, exit code 137)". Empty: nothing, as far as its object tells.
std::string fate_of_pod(const boost::json::value& pod, const std::string& container, std::chrono::system_clock::time_point since);
/// A volume that a set keeps for one of its pods.
struct pool_claim {
  std::string name;
  std::string uid;
  std::string resource_version;
  std::string size;            ///< "100Gi", as it has; else as it was asked for
  std::int64_t ordinal = 0;    ///< of its pod
  bool being_deleted = false;
};
/// The claims that the controller of `of` made by its templates, TEMPLATE-SET-ORDINAL (controller/statefulset/stateful_set_utils.go), in the order
/// of the list. Others are left out, whatever their labels.
std::vector<pool_claim> read_claims(const boost::json::value& items, const pool_set& of);
/// The names of the claims that pods have in their volumes, running or not; of whatever set they are.
std::vector<std::string> claims_in_use(const boost::json::value& pods);
/// Why a claim is not to be deleted: "a pod uses it". Empty: nothing speaks against it.
std::string reason_to_keep(const pool_claim& claim, const pool_set& of, const std::vector<std::string>& in_use);

/// Adds the measurements of the container buildkitd (metrics.k8s.io); of all containers when there is none of that name.
void add_metrics(std::vector<pool_pod>& pods, const boost::json::value& items);

/// Seconds since 1970. Above 10^11 they are milliseconds, as one of the seed's comments says. errc::usage for negative
/// numbers, text and times more than a day after `now`.
result<std::int64_t> read_last_build(const std::string& text, std::int64_t now);

}  // namespace peelbox::kubernetes
