#include "engine/kubernetes/pod_dialer.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include "engine/async/timeout.hpp"
#include "engine/kubernetes/client.hpp"
#include "engine/kubernetes/find_access.hpp"
#include "engine/kubernetes/pool_state.hpp"
#include "transport/helper_command.hpp"

namespace peelbox::kubernetes {
namespace {

struct pod {
  access to;
  transport::pod_address address;
  std::string name;
  environment variables;
  client_limits limits;
  /// Made with the first connection; its credentials serve all.
  std::unique_ptr<client> api;
};

constexpr std::chrono::seconds patience{5};

/// Who may not look at pods is told what the connection itself tells.
task<std::string> ask_fate(std::shared_ptr<pod> of, std::chrono::system_clock::time_point since) {
  object_path which{pods(), of->to.name_space, of->address.name, ""};
  auto asking = of->api->get(std::move(which));
  auto limited = with_timeout(std::move(asking), patience, "");
  const result<boost::json::value> got = co_await std::move(limited);
  if (got.has_value()) co_return fate_of_pod(*got, of->address.container, since);
  co_return got.error().code == errc::not_found ? "the pod has gone" : "";
}

task<result<transport::stream_ptr>> dial(std::shared_ptr<pod> of) {
  const executor ex = co_await asio::this_coro::executor;
  if (!of->api) of->api = std::make_unique<client>(of->to, of->variables, ex, of->limits);
  std::vector<std::string> argv{"buildctl", "dial-stdio"};
  pod_fate fate = [of, since = std::chrono::system_clock::now()] { return ask_fate(of, since); };
  auto running = of->api->exec(of->to.name_space, of->address.name, of->address.container, std::move(argv), of->name, std::move(fate));
  co_return co_await std::move(running);
}

}  // namespace

result<transport::address_dialer> make_pod_dialer(const transport::endpoint& where, const transport::dial_options& options,
                                                  const environment& variables) {
  result<transport::pod_address> address = transport::parse_pod(where);
  if (address.has_error()) return address.error();
  result<access> to = find_access({"", address->context, address->name_space}, variables);
  if (to.has_error()) return to.error().in(where.text);
  auto made = std::make_shared<pod>();
  made->to = std::move(*to);
  made->address = std::move(*address);
  made->name = where.text;
  made->variables = variables;
  made->limits.dial = options.limits;
  return transport::address_dialer([made] { return dial(made); });
}

}  // namespace peelbox::kubernetes
