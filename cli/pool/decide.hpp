// What follows from what is known of a pool, without asking anybody. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/pool/args.hpp"
#include "engine/kubernetes/pool_state.hpp"

namespace peelbox::cli::pool {

enum pool_exit : int {
  pool_ok = 0,
  pool_not_done = 1,
  pool_usage = 2,
  pool_unreachable = 3,  ///< no API server, or no bastion
  pool_nothing = 4,      ///< there is no suitable pod or set
  pool_late = 5,         ///< --wait ended
};

/// Where a daemon listens in its pod.
inline constexpr std::uint16_t daemon_port = 1234;

int exit_of(const failure& why);

/// The one that was asked for, else both.
std::vector<std::string> architectures(const pool_args& args);

/// "kube-pod://buildkit-amd64-0?namespace=…"
std::string pod_address(const std::string& pod, const pool_args& args, const std::string& name_space);
/// What get-address prints.
std::string address_of(const kubernetes::pool_pod& pod, const pool_args& args, const std::string& name_space);

boost::json::object as_json(const kubernetes::pool_pod& pod);

/// The names of those that run: their daemons can be asked.
std::vector<std::string> running_pods(const std::vector<kubernetes::pool_pod>& pods);

/// Leaves `failed` out when another one is usable.
void prefer_others(std::vector<kubernetes::pool_pod>& pods, const std::string& failed);

/// Why none of them can be used: "buildkit-amd64-0: ImagePullBackOff: …".
std::string obstacles(const std::vector<kubernetes::pool_pod>& pods);

/// The first pod whose daemon says that a build runs: "a build is running in buildkit-amd64-0". Empty: none. `builds` belongs to `pods`. A
/// daemon that cannot be asked is a failure: it may be building.
result<std::string> running_build(const std::vector<std::string>& pods, const std::vector<result<std::size_t>>& builds);

/// Why a set is not scaled down, as far as its own object says: "has no pods already". Empty: nothing speaks against it. errc::usage for
/// an annotation that is none.
result<std::string> reason_to_stay(const kubernetes::pool_set& set, const pool_args& args, std::int64_t now);

}  // namespace peelbox::cli::pool
