#include "cli/pool/decide.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peelbox::cli::pool {

namespace json = boost::json;
using kubernetes::pool_pod;
using kubernetes::pool_set;

int exit_of(const failure& why) {
  if (why.who == origin::user) return pool_usage;
  switch (why.code) {
    case errc::usage: return pool_usage;
    case errc::not_found: return pool_nothing;
    case errc::connection:
    case errc::closed:
    case errc::timed_out:
    case errc::tls:
    case errc::protocol: return pool_unreachable;
    case errc::cancelled: return 130;
    default: return pool_not_done;
  }
}

std::vector<std::string> architectures(const pool_args& args) {
  if (!args.arch.empty()) return {args.arch};
  return {"amd64", "arm64"};
}

std::string pod_address(const std::string& pod, const pool_args& args, const std::string& name_space) {
  std::string text = fmt::format("kube-pod://{}?namespace={}&container=buildkitd", pod, name_space);
  if (!args.access.context.empty()) text += "&context=" + args.access.context;
  return text;
}

std::string address_of(const pool_pod& pod, const pool_args& args, const std::string& name_space) {
  if (args.as_pod) return pod_address(pod.name, args, name_space);
  const bool v6 = pod.ip.find(':') != pod.ip.npos;
  std::string host = v6 ? "[" + pod.ip + "]" : pod.ip;
  if (!args.as_ip) {
    host = pod.ip;
    for (char& c : host)
      if (c == '.' || c == ':') c = '-';
    host += fmt::format(".{}.pod.{}", name_space, args.domain);
  }
  return fmt::format("{}{}:{}", args.omit_protocol ? "" : "tcp://", host, daemon_port);
}

json::object as_json(const pool_pod& pod) {
  json::object made{{"name", pod.name}, {"ip", pod.ip}, {"usable", pod.usable}};
  if (!pod.usable) made["reason"] = pod.why_not;
  if (pod.builds) made["builds"] = *pod.builds;
  made["cpu"] = pod.cpu ? json::value(static_cast<double>(*pod.cpu) / 1e9) : json::value();
  return made;
}

std::vector<std::string> running_pods(const std::vector<pool_pod>& pods) {
  std::vector<std::string> names;
  for (const pool_pod& pod : pods)
    if (pod.running) names.push_back(pod.name);
  return names;
}

void prefer_others(std::vector<pool_pod>& pods, const std::string& failed) {
  if (std::any_of(pods.begin(), pods.end(), [&](const pool_pod& pod) { return pod.usable && pod.name != failed; }))
    std::erase_if(pods, [&](const pool_pod& pod) { return pod.name == failed; });
}

std::string obstacles(const std::vector<pool_pod>& pods) {
  std::string text;
  for (const pool_pod& pod : pods)
    if (!pod.usable) text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", pod.name, pod.why_not);
  return text.empty() ? "it has no pods" : text;
}

result<std::string> running_build(const std::vector<std::string>& pods, const std::vector<result<std::size_t>>& builds) {
  for (std::size_t i = 0; i < pods.size(); ++i)
    if (builds[i].has_value() && *builds[i] > 0) return fmt::format("a build is running in {}", pods[i]);
  for (std::size_t i = 0; i < pods.size(); ++i)
    if (builds[i].has_error())
      return failure(errc::lost, fmt::format("whether {} is building is not known, so it stays: {}", pods[i], builds[i].error().text));
  return std::string();
}

result<std::string> reason_to_stay(const pool_set& set, const pool_args& args, std::int64_t now) {
  if (set.replicas == 0) return std::string("has no pods already");
  if (!args.idle_seconds || !set.last_build) return std::string();
  result<std::int64_t> last = kubernetes::read_last_build(*set.last_build, now);
  if (last.has_error()) return last.error();
  const std::int64_t idle = now - *last;
  if (idle > static_cast<std::int64_t>(*args.idle_seconds)) return std::string();
  return fmt::format("stays, its last build began {} s ago", idle);
}

}  // namespace peelbox::cli::pool
