#include "cli/pool/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>

#include "cli/pool/decide.hpp"
#include "cli/pool/validate.hpp"
#include "cli/wrong.hpp"
#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"
#include "engine/client/history.hpp"
#include "transport/helper_command.hpp"
#include "transport/process_stream.hpp"

namespace peelbox::cli::pool {

namespace json = boost::json;
using kubernetes::object_path;
using kubernetes::pool_pod;
using kubernetes::pool_set;

namespace {

/// How many daemons are asked at a time, and how long each may take.
constexpr std::size_t at_a_time = 8;
constexpr std::chrono::seconds view_patience{10};

void note_addresses(const std::vector<pool_pod>& pods, std::map<std::string, std::string>& into) {
  for (const pool_pod& pod : pods) into[pod.name] = pod.ip;
}

}  // namespace

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
  note_addresses(pods, addresses);
  if (!measured) co_return pods;
  // Who has no metrics server, or may not ask it, chooses by chance.
  object_path metrics{{"metrics.k8s.io", "v1beta1", "pods"}, name_space(), "", ""};
  auto measuring = api.list(metrics, selectors);
  result<json::value> cpu = co_await std::move(measuring);
  if (cpu.has_value()) kubernetes::add_metrics(pods, *cpu);
  else with.say(fmt::format("the load of the pods is not known: {}", cpu.error().text));
  co_return pods;
}

task<result<seen_set>> pool_view::look(std::string arch) {
  auto asking = set(std::move(arch));
  result<pool_set> found = co_await std::move(asking);
  if (found.has_error()) co_return found.error();
  auto listing = pods(*found, false);
  result<std::vector<pool_pod>> all = co_await std::move(listing);
  if (all.has_error()) co_return all.error();
  co_return seen_set{std::move(*found), std::move(*all)};
}

task<result<void>> pool_view::watch_pods(pool_set of, std::string pod, std::function<bool(std::vector<pool_pod> pods)> look,
                                         std::function<void(const std::optional<failure>&)> trouble) {
  kubernetes::query_list selectors;
  // A right for one name holds for this selector too.
  if (!pod.empty()) selectors.emplace_back("fieldSelector", "metadata.name=" + pod);
  else if (!of.selector.empty()) selectors.emplace_back("labelSelector", of.selector);
  kubernetes::watch_options how;
  how.trouble = std::move(trouble);
  how.note = [this](const std::string& words) { with.log.info("{}", words); };
  object_path all{kubernetes::pods(), name_space(), "", ""};
  kubernetes::watch_look seen = [&](const json::array& items) {
    std::vector<pool_pod> now = kubernetes::read_pods(json::value(items), of);
    note_addresses(now, addresses);
    return look(std::move(now));
  };
  auto watching = kubernetes::watch(api, std::move(all), std::move(selectors), std::move(seen), std::move(how));
  co_return co_await std::move(watching);
}

task<result<pool_set>> pool_view::change(std::string arch, json::value what, std::string version) {
  kubernetes::patch_options how;
  how.resource_version = std::move(version);
  how.dry_run = args->dry_run;
  auto patching = api.patch(set_path(arch), std::move(what), how);
  result<json::value> done = co_await std::move(patching);
  if (done.has_error()) co_return done.error();
  co_return kubernetes::read_set(*done, args->annotation);
}

json::object pool_view::activity() const {
  return json::object{{"annotations", json::object{{args->annotation, std::to_string(unix_now())}}}};
}

environment pool_view::variables() const {
  if (args->access.kubeconfig.empty()) return with.env;
  return [env = with.env, file = args->access.kubeconfig](std::string_view name) {
    return name == "KUBECONFIG" ? std::optional<std::string>(file) : env(name);
  };
}

std::function<void(transport::dial_options& dial)> pool_view::way_to_pods() {
  if (!through) return with.reach_pods;
  return [this](transport::dial_options& dial) {
    dial.patience = transport::program_patience;
    dial.pods = [this](const transport::endpoint& where, const transport::dial_options&, const environment&) -> result<transport::address_dialer> {
      const result<transport::pod_address> pod = transport::parse_pod(where);
      if (pod.has_error()) return pod.error();
      const std::string address = addresses[pod->name];
      if (address.empty()) return failure(errc::not_found, pod->name + " has no IP address", origin::peer);
      return transport::address_dialer([way = through, name = pod->name, address] { return way->connect(name, address); });
    };
  };
}

result<std::shared_ptr<client::route>> pool_view::route_to(const std::string& pod) {
  transport::dial_options dial;
  way_to_pods()(dial);
  result<transport::endpoint> where = transport::parse_endpoint(pod_address(pod, *args, name_space()));
  if (where.has_error()) return where.error();
  return client::make_route(*where, dial, variables(), with.log);
}

namespace {

struct questions {
  pool_view& pool;
  std::vector<std::string> pods;
  std::vector<std::optional<result<std::size_t>>> answers;
  std::size_t next = 0;
};

task<result<void>> count(client::history& daemon, std::size_t& into) {
  auto asking = daemon.running();
  result<std::size_t> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  into = *got;
  co_return result<void>();
}

task<result<void>> ask_some(std::shared_ptr<questions> all) {
  while (all->next < all->pods.size()) {
    const std::size_t which = all->next++;
    const std::string pod = all->pods[which];
    result<std::shared_ptr<client::route>> way = all->pool.route_to(pod);
    if (way.has_error()) {
      all->answers[which] = way.error();
      continue;
    }
    std::size_t builds = 0;
    std::function<task<result<void>>(client::history&)> use = [&builds](client::history& daemon) { return count(daemon, builds); };
    auto asking = client::history::open(*way, all->pool.with.log, use);
    const auto patience = view_patience + std::chrono::duration_cast<std::chrono::seconds>((*way)->patience());
    auto limited = with_timeout(std::move(asking), patience, fmt::format("the daemon of {} did not answer within {} s", pod, patience.count()));
    const result<void> asked = co_await std::move(limited);
    if (asked.has_error()) all->answers[which] = asked.error();
    else all->answers[which] = builds;
  }
  co_return result<void>();
}

}  // namespace

task<std::vector<result<std::size_t>>> pool_view::running_builds(std::vector<std::string> pods) {
  const std::size_t size = pods.size();
  auto all = std::make_shared<questions>(questions{*this, std::move(pods), std::vector<std::optional<result<std::size_t>>>(size)});
  std::function<task<result<void>>(task_group&)> ask = [&all, size](task_group& group) -> task<result<void>> {
    for (std::size_t i = 0; i < std::min(size, at_a_time); ++i) group.spawn(ask_some(all));
    co_return result<void>();
  };
  auto asking = task_group::run(ask);
  const result<void> asked = co_await std::move(asking);
  std::vector<result<std::size_t>> answers;
  for (std::optional<result<std::size_t>>& one : all->answers)
    answers.push_back(one ? std::move(*one) : asked.has_error() ? asked.error() : failure(errc::internal, "a daemon was not asked"));
  co_return answers;
}

task<result<pool_view_ptr>> open_pool(pool_args_cptr given, const surroundings& with) {
  auto reading = configured(given, with);
  const result<pool_args_cptr> whole = co_await std::move(reading);
  if (whole.has_error()) co_return whole.error();
  const pool_args_cptr args = *whole;
  if (args->policy == "sticky" && args->key.empty())
    co_return failure(errc::usage, "--policy sticky: --key names what is built, such as the repository; builds of one key go to one pod", origin::user);
  auto find = [args, &with] { return kubernetes::find_access(args->access, with.env); };
  result<kubernetes::access> to = co_await with.pool.run(std::move(find));
  if (to.has_error()) co_return to.error();
  const executor ex = co_await asio::this_coro::executor;
  std::shared_ptr<bastion> through;
  if (args->via_bastion) {
    if (!find_program(with.env, "ssh")) co_return wrong("--via-bastion: the program ssh is not installed (not found in PATH)");
    through = std::make_shared<bastion>(args->bastion, args->bastion_sign, ex);
    auto signing = through->sign();
    const result<void> done = co_await std::move(signing);
    if (done.has_error()) co_return done.error();
  }
  co_return pool_view_ptr(new pool_view{args, with, kubernetes::client(std::move(*to), with.env, ex), std::move(through), {}});
}

int told(const failure& why, const surroundings& with) {
  with.say("error: " + why.text);
  return exit_of(why);
}

}  // namespace peelbox::cli::pool
