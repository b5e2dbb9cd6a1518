// The API server as the pool's commands ask it.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/pool/args.hpp"
#include "cli/pool/bastion.hpp"
#include "engine/client/route.hpp"
#include "engine/kubernetes/client.hpp"
#include "engine/kubernetes/pool_state.hpp"
#include "engine/kubernetes/watch.hpp"

namespace peelbox::cli::pool {

/// A set and its pods as they are at one time.
struct seen_set {
  kubernetes::pool_set set;
  std::vector<kubernetes::pool_pod> pods;
};

/// Failures of all questions are those of kubernetes::client. One thread; `with` must outlive it.
struct pool_view {
  pool_args_cptr args;  ///< with what --config says
  const surroundings& with;
  kubernetes::client api;
  std::shared_ptr<bastion> through;  ///< none: connections to daemons go through the API server
  std::map<std::string, std::string> addresses;  ///< of the pods that were seen last, by their names

  const std::string& name_space() const { return api.reached().name_space; }
  kubernetes::object_path set_path(const std::string& arch) const {
    return {kubernetes::stateful_sets(), name_space(), args->prefix + arch, ""};
  }

  task<result<kubernetes::pool_set>> set(std::string arch);
  /// The pods of a set; `measured`: with their CPU, when there is somebody who knows it.
  task<result<std::vector<kubernetes::pool_pod>>> pods(kubernetes::pool_set of, bool measured);
  /// Both; without CPU.
  task<result<seen_set>> look(std::string arch);
  /// Calls `look` with the pods of `of` (only `pod`, unless that is empty) at first and when one of them has changed, until it says that it is
  /// enough: kubernetes::watch(). `trouble` may be empty.
  task<result<void>> watch_pods(kubernetes::pool_set of, std::string pod, std::function<bool(std::vector<kubernetes::pool_pod> pods)> look,
                                std::function<void(const std::optional<failure>&)> trouble);
  /// A merge patch of the set, on the condition that it still has `version` unless that is empty; the set as it is then.
  task<result<kubernetes::pool_set>> change(std::string arch, boost::json::value what, std::string version);
  /// The part of a patch that notes a build now.
  boost::json::object activity() const;
  /// The environment, with the kubeconfig of the arguments.
  environment variables() const;
  /// The way of all connections to daemons, for surroundings::reach_pods. This must outlive it.
  std::function<void(transport::dial_options& dial)> way_to_pods();
  /// How the daemon of a pod is reached.
  result<std::shared_ptr<client::route>> route_to(const std::string& pod);
  /// Asks the daemon of each pod, a few at a time, how many builds it runs; what it says stands at the same place.
  task<std::vector<result<std::size_t>>> running_builds(std::vector<std::string> pods);
};

using pool_view_ptr = std::shared_ptr<pool_view>;

/// Reads --config and the kubeconfig, and has certificates for the bastion signed. errc::usage, also for flags that do not go together;
/// bastion::sign().
task<result<pool_view_ptr>> open_pool(pool_args_cptr args, const surroundings& with);

/// Says it; gives the exit code.
int told(const failure& why, const surroundings& with);

std::int64_t unix_now();

}  // namespace peelbox::cli::pool
