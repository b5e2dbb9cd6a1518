#include "engine/kubernetes/pod_dialer.hpp"

#include <memory>
#include <utility>

#include "engine/kubernetes/client.hpp"
#include "engine/kubernetes/find_access.hpp"
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

task<result<transport::stream_ptr>> dial(std::shared_ptr<pod> of) {
  const executor ex = co_await asio::this_coro::executor;
  if (!of->api) of->api = std::make_unique<client>(of->to, of->variables, ex, of->limits);
  std::vector<std::string> argv{"buildctl", "dial-stdio"};
  auto running = of->api->exec(of->to.name_space, of->address.name, of->address.container, std::move(argv), of->name);
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
