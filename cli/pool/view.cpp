#include "cli/pool/view.hpp"

#include <fmt/format.h>

#include <chrono>

#include "cli/pool/decide.hpp"
#include "engine/client/history.hpp"
#include "engine/kubernetes/pod_dialer.hpp"

namespace peelbox::cli::pool {

namespace json = boost::json;
using kubernetes::object_path;
using kubernetes::pool_pod;
using kubernetes::pool_set;

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

task<result<pool_set>> pool_view::set(std::string arch) {
  auto asking = api.get(set_path(arch));
  result<json::value> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  co_return kubernetes::read_set(*got, args->annotation);
}

task<result<std::vector<pool_pod>>> pool_view::pods(pool_set of, bool measured) {
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

task<result<void>> pool_view::change(std::string arch, json::value what, std::string version) {
  kubernetes::patch_options how;
  how.resource_version = std::move(version);
  how.dry_run = args->dry_run;
  auto patching = api.patch(set_path(arch), std::move(what), how);
  result<json::value> done = co_await std::move(patching);
  if (done.has_error()) co_return done.error();
  co_return result<void>();
}

json::object pool_view::activity() const {
  return json::object{{"annotations", json::object{{args->annotation, std::to_string(unix_now())}}}};
}

result<std::shared_ptr<client::route>> pool_view::route_to(const std::string& pod) const {
  environment variables = with.env;
  if (!args->access.kubeconfig.empty())
    variables = [env = with.env, file = args->access.kubeconfig](std::string_view name) {
      return name == "KUBECONFIG" ? std::optional<std::string>(file) : env(name);
    };
  transport::dial_options dial;
  dial.pods = kubernetes::make_pod_dialer;
  result<transport::endpoint> where = transport::parse_endpoint(pod_address(pod, *args, name_space()));
  if (where.has_error()) return where.error();
  return client::make_route(*where, dial, variables, with.log);
}

task<result<std::string>> pool_view::running_build(std::vector<pool_pod> pods) {
  for (const pool_pod& pod : pods) {
    if (!pod.running) continue;
    result<std::shared_ptr<client::route>> way = route_to(pod.name);
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

}  // namespace peelbox::cli::pool
