#include "cli/pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <random>
#include <vector>

#include "engine/async/sleep.hpp"
#include "engine/client/history.hpp"
#include "engine/data/json.hpp"
#include "engine/kubernetes/client.hpp"
#include "engine/kubernetes/pod_dialer.hpp"
#include "engine/kubernetes/pool_choice.hpp"

namespace peelbox::cli {

namespace {

namespace json = data::json;
using kubernetes::object_path;
using kubernetes::pool_pod;
using kubernetes::pool_set;
using std::chrono::steady_clock;

enum pool_exit : int { pool_ok = 0, pool_not_done = 1, pool_usage = 2, pool_unreachable = 3, pool_nothing = 4, pool_late = 5 };

constexpr unsigned most_attempts = 5;
constexpr std::chrono::seconds poll_pause{2};

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

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The API server and the names of the pool.
struct pool_view {
  pool_args_cptr args;
  const surroundings& with;
  kubernetes::client api;

  const std::string& name_space() const { return api.reached().name_space; }
  object_path set_path(const std::string& arch) const { return {kubernetes::stateful_sets(), name_space(), args->prefix + arch, ""}; }

  task<result<pool_set>> set(std::string arch) {
    auto asking = api.get(set_path(arch));
    result<json::value> got = co_await std::move(asking);
    if (got.has_error()) co_return got.error();
    co_return kubernetes::read_set(*got, args->annotation);
  }

  task<result<std::vector<pool_pod>>> pods(pool_set of, bool measured) {
    kubernetes::query_list selectors;
    if (!of.selector.empty()) selectors.emplace_back("labelSelector", of.selector);
    object_path all{kubernetes::pods(), name_space(), "", ""};
    auto listing = api.list(all, selectors);
    result<json::value> got = co_await std::move(listing);
    if (got.has_error()) co_return got.error();
    std::vector<pool_pod> pods = kubernetes::read_pods(*got, of);
    if (!measured) co_return pods;
    // Who has no metrics server, or may not ask it, chooses by chance.
    object_path metrics{{"metrics.k8s.io", "v1beta1", "pods"}, name_space(), "", ""};
    auto measuring = api.list(metrics, selectors);
    result<json::value> cpu = co_await std::move(measuring);
    if (cpu.has_value()) kubernetes::add_metrics(pods, *cpu);
    else with.say(fmt::format("the load of the pods is not known: {}", cpu.error().text));
    co_return pods;
  }

  task<result<void>> change(std::string arch, json::value what, std::string version) {
    kubernetes::patch_options how;
    how.resource_version = std::move(version);
    how.dry_run = args->dry_run;
    auto patching = api.patch(set_path(arch), std::move(what), how);
    result<json::value> done = co_await std::move(patching);
    if (done.has_error()) co_return done.error();
    co_return result<void>();
  }

  json::object activity() const { return json::object{{"annotations", json::object{{args->annotation, std::to_string(unix_now())}}}}; }

  /// "a build is running in buildkit-amd64-0"; empty when none is. A daemon that cannot be asked is a failure: it may be building.
  task<result<std::string>> running_build(std::vector<pool_pod> pods);
};

task<result<std::string>> pool_view::running_build(std::vector<pool_pod> pods) {
  environment variables = with.env;
  if (!args->access.kubeconfig.empty())
    variables = [env = with.env, file = args->access.kubeconfig](std::string_view name) {
      return name == "KUBECONFIG" ? std::optional<std::string>(file) : env(name);
    };
  transport::dial_options dial;
  dial.pods = kubernetes::make_pod_dialer;
  for (const pool_pod& pod : pods) {
    if (!pod.running) continue;
    std::string text = fmt::format("kube-pod://{}?namespace={}&container=buildkitd", pod.name, name_space());
    if (!args->access.context.empty()) text += "&context=" + args->access.context;
    result<transport::endpoint> where = transport::parse_endpoint(text);
    if (where.has_error()) co_return where.error();
    result<std::shared_ptr<client::route>> way = client::make_route(*where, dial, variables, with.log);
    if (way.has_error()) co_return way.error();
    bool busy = false;
    std::function<task<result<void>>(client::history&)> use = [&busy](client::history& daemon) -> task<result<void>> {
      return [](client::history& from, bool& found) -> task<result<void>> {
        result<std::vector<client::history_record>> builds = co_await from.list();
        if (builds.has_error()) co_return builds.error();
        for (const client::history_record& one : *builds) found = found || one.state() == client::history_record::outcome::running;
        co_return result<void>();
      }(daemon, busy);
    };
    auto asking = client::history::open(*way, with.log, use);
    result<void> asked = co_await std::move(asking);
    if (asked.has_error())
      co_return failure(errc::lost, fmt::format("whether {} is building is not known, so it stays: {}", pod.name, asked.error().text));
    if (busy) co_return fmt::format("a build is running in {}", pod.name);
  }
  co_return std::string();
}

using pool_view_ptr = std::shared_ptr<pool_view>;

task<result<pool_view_ptr>> open_pool(pool_args_cptr args, const surroundings& with) {
  auto find = [args, &with] { return kubernetes::find_access(args->access, with.env); };
  result<kubernetes::access> to = co_await with.pool.run(std::move(find));
  if (to.has_error()) co_return to.error();
  const executor ex = co_await asio::this_coro::executor;
  co_return pool_view_ptr(new pool_view{args, with, kubernetes::client(std::move(*to), with.env, ex)});
}

int told(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  return exit_of(why);
}

std::vector<std::string> architectures(const pool_args& args) {
  if (!args.arch.empty()) return {args.arch};
  return {"amd64", "arm64"};
}

std::string address_of(const pool_pod& pod, const pool_args& args, const std::string& name_space) {
  if (args.as_pod) {
    std::string text = fmt::format("kube-pod://{}?namespace={}&container=buildkitd", pod.name, name_space);
    if (!args.access.context.empty()) text += "&context=" + args.access.context;
    return text;
  }
  const bool v6 = pod.ip.find(':') != pod.ip.npos;
  std::string host = v6 ? "[" + pod.ip + "]" : pod.ip;
  if (!args.as_ip) {
    host = pod.ip;
    for (char& c : host)
      if (c == '.' || c == ':') c = '-';
    host += fmt::format(".{}.pod.{}", name_space, args.domain);
  }
  return fmt::format("{}{}:1234", args.omit_protocol ? "" : "tcp://", host);
}

json::object as_json(const pool_pod& pod) {
  json::object made{{"name", pod.name}, {"ip", pod.ip}, {"usable", pod.usable}};
  if (!pod.usable) made["reason"] = pod.why_not;
  made["cpu"] = pod.cpu ? json::value(static_cast<double>(*pod.cpu) / 1e9) : json::value();
  return made;
}

/// Why none of them can be used.
std::string obstacles(const std::vector<pool_pod>& pods) {
  std::string text;
  for (const pool_pod& pod : pods)
    if (!pod.usable) text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", pod.name, pod.why_not);
  return text.empty() ? "it has no pods" : text;
}

/// Waits until each set has a pod that can be used, or cannot get one.
task<int> wait_for_pods(pool_view_ptr pool, steady_clock::time_point until) {
  const surroundings& with = pool->with;
  for (const std::string& arch : architectures(*pool->args)) {
    std::string said;
    for (;;) {
      auto asking = pool->set(arch);
      result<pool_set> set = co_await std::move(asking);
      if (set.has_error()) co_return told(set.error(), with);
      auto listing = pool->pods(*set, false);
      result<std::vector<pool_pod>> pods = co_await std::move(listing);
      if (pods.has_error()) co_return told(pods.error(), with);
      if (std::any_of(pods->begin(), pods->end(), [](const pool_pod& pod) { return pod.usable; })) break;
      const std::string why = obstacles(*pods);
      if (set->replicas == 0) {
        with.say(fmt::format("error: {} was scaled to 0 by somebody else while it was waited for", set->name));
        co_return pool_not_done;
      }
      if (std::any_of(pods->begin(), pods->end(), [](const pool_pod& pod) { return pod.hopeless; })) {
        with.say(fmt::format("error: {} does not get ready: {}", set->name, why));
        co_return pool_not_done;
      }
      if (steady_clock::now() >= until) {
        with.say(fmt::format("error: {} has no ready pod after {} s: {}", set->name, pool->args->wait_seconds, why));
        co_return pool_late;
      }
      if (why != said) with.say(fmt::format("waiting for {}: {}", set->name, why));
      said = why;
      const wake slept = co_await sleep_for(poll_pause);
      if (slept == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    }
  }
  co_return pool_ok;
}

/// One set to no pods, unless something speaks against it.
task<result<std::string>> suspend(pool_view_ptr pool, std::string arch) {
  const pool_args& args = *pool->args;
  for (unsigned left = most_attempts;; --left) {
    auto asking = pool->set(arch);
    result<pool_set> set = co_await std::move(asking);
    if (set.has_error()) co_return set.error();
    if (set->replicas == 0) co_return set->name + ": has no pods already";
    if (args.idle_seconds && set->last_build) {
      result<std::int64_t> last = kubernetes::read_last_build(*set->last_build, unix_now());
      if (last.has_error()) co_return last.error().in(set->name);
      const std::int64_t idle = unix_now() - *last;
      if (idle <= static_cast<std::int64_t>(*args.idle_seconds))
        co_return fmt::format("{}: stays, its last build began {} s ago", set->name, idle);
    }
    auto listing = pool->pods(*set, false);
    result<std::vector<pool_pod>> pods = co_await std::move(listing);
    if (pods.has_error()) co_return pods.error();
    auto looking = pool->running_build(*pods);
    result<std::string> busy = co_await std::move(looking);
    if (busy.has_error()) co_return busy.error().in(set->name);
    if (!busy->empty()) co_return fmt::format("{}: stays, {}", set->name, *busy);
    if (set->deletes_claims) pool->with.say(fmt::format("warning: {} deletes its claims, and with them its caches, when it is scaled down", set->name));
    // Whoever begins a build meanwhile notes it, which changes the set: then this is refused, and everything is looked at again.
    json::object to_zero{{"spec", json::object{{"replicas", 0}}}};
    auto changing = pool->change(arch, json::value(std::move(to_zero)), set->resource_version);
    result<void> done = co_await std::move(changing);
    if (done.has_value()) co_return fmt::format("{}: {}", set->name, args.dry_run ? "would be scaled to 0" : "scaled to 0");
    if (done.error().code != errc::lost || left <= 1) co_return done.error();
  }
}

}  // namespace

task<int> run_pool_address(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  auto asking = (*pool)->set(args->arch);
  result<pool_set> set = co_await std::move(asking);
  if (set.has_error()) co_return told(set.error(), with);
  auto listing = (*pool)->pods(*set, args->policy != "random");
  result<std::vector<pool_pod>> pods = co_await std::move(listing);
  if (pods.has_error()) co_return told(pods.error(), with);
  std::mt19937 random{std::random_device{}()};
  const kubernetes::dice roll = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
  const pool_pod* chosen = args->policy == "random"   ? kubernetes::choose_random(*pods, roll)
                           : args->policy == "sticky" ? kubernetes::choose_sticky(*pods, args->key)
                                                      : kubernetes::choose_least_cpu(*pods, roll);
  if (chosen == nullptr) {
    with.say(fmt::format("error: {} has no pod that is ready: {}. `peelbox pool scale up --only {} --wait` starts one", set->name,
                         obstacles(*pods), args->arch));
    co_return pool_nothing;
  }
  const std::string address = address_of(*chosen, *args, (*pool)->name_space());
  if (!args->as_json) {
    with.answer(address);
    co_return pool_ok;
  }
  json::array all;
  for (const pool_pod& pod : *pods) all.push_back(as_json(pod));
  with.answer(data::to_text(json::object{{"address", address}, {"pod", chosen->name}, {"policy", args->policy}, {"pods", std::move(all)}}));
  co_return pool_ok;
}

task<int> run_pool_record(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  json::object what{{"metadata", (*pool)->activity()}};
  auto changing = (*pool)->change(args->arch, json::value(std::move(what)), "");
  result<void> done = co_await std::move(changing);
  if (done.has_error()) co_return told(done.error(), with);
  with.say(fmt::format("{}{}: {} the build", args->prefix, args->arch, args->dry_run ? "would record" : "recorded"));
  co_return pool_ok;
}

task<int> run_pool_up(pool_args_cptr args, const surroundings& with) {
  const auto until = steady_clock::now() + std::chrono::seconds(args->wait_seconds);
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  for (const std::string& arch : architectures(*args)) {
    for (unsigned left = most_attempts;; --left) {
      auto asking = (*pool)->set(arch);
      result<pool_set> set = co_await std::move(asking);
      if (set.has_error()) co_return told(set.error(), with);
      const bool asleep = set->replicas == 0;
      json::object what{{"metadata", (*pool)->activity()}};
      if (asleep) what["spec"] = json::object{{"replicas", 1}};
      // Never lowers what an autoscaler has just raised.
      auto changing = (*pool)->change(arch, json::value(std::move(what)), asleep ? set->resource_version : "");
      result<void> done = co_await std::move(changing);
      if (done.has_error() && done.error().code == errc::lost && left > 1) continue;
      if (done.has_error()) co_return told(done.error(), with);
      with.say(!asleep ? fmt::format("{}: has {} replicas already", set->name, set->replicas)
                       : fmt::format("{}: {}", set->name, args->dry_run ? "would be scaled to 1" : "scaled to 1"));
      break;
    }
  }
  if (!args->wait || args->dry_run) co_return pool_ok;
  co_return co_await wait_for_pods(*pool, until);
}

task<int> run_pool_down(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  int code = pool_ok;
  // The trouble of one set is no reason to pay for the other.
  for (const std::string& arch : architectures(*args)) {
    auto stopping = suspend(*pool, arch);
    result<std::string> done = co_await std::move(stopping);
    if (done.has_value()) with.say(*done);
    else code = std::max(code, told(done.error(), with));
  }
  co_return code;
}

task<int> run_pool_status(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  json::array sets;
  for (const std::string& arch : architectures(*args)) {
    auto asking = (*pool)->set(arch);
    result<pool_set> set = co_await std::move(asking);
    if (set.has_error() && set.error().code == errc::not_found) {
      with.say(fmt::format("{}{}: there is no such StatefulSet in namespace {}", args->prefix, arch, (*pool)->name_space()));
      continue;
    }
    if (set.has_error()) co_return told(set.error(), with);
    auto listing = (*pool)->pods(*set, true);
    result<std::vector<pool_pod>> pods = co_await std::move(listing);
    if (pods.has_error()) co_return told(pods.error(), with);
    std::string last = "never";
    if (set->last_build) {
      const result<std::int64_t> time = kubernetes::read_last_build(*set->last_build, unix_now());
      last = time.has_value() ? fmt::format("{} s ago", unix_now() - *time) : "not readable";
    }
    if (!args->as_json) with.answer(fmt::format("{}  replicas {}  last build {}", set->name, set->replicas, last));
    json::array all;
    for (const pool_pod& pod : *pods) {
      all.push_back(as_json(pod));
      if (args->as_json) continue;
      with.answer(fmt::format("  {}  {}  cpu {}", pod.name, pod.usable ? "ready" : pod.why_not,
                              pod.cpu ? fmt::format("{:.2f}", static_cast<double>(*pod.cpu) / 1e9) : "-"));
    }
    sets.push_back(json::object{{"name", set->name}, {"architecture", arch}, {"replicas", set->replicas},
                                {"last_build", set->last_build ? json::value(*set->last_build) : json::value()}, {"pods", std::move(all)}});
  }
  if (sets.empty()) co_return pool_nothing;
  if (args->as_json) with.answer(data::to_text(sets));
  co_return pool_ok;
}

}  // namespace peelbox::cli
