#include "engine/client/daemon_platform.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "engine/client/solve_messages.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::client {

namespace {

task<result<oci::platform>> find_platform(build_state& state) {
  result<std::vector<worker>> workers = co_await list_workers(state.control);
  if (workers.has_error()) {
    const auto& status = workers.error().status;
    if (status && status->code == static_cast<int>(h2grpc::code::unimplemented)) co_return oci::host_platform();
    co_return workers.error();
  }
  if (workers->empty() || workers->front().platforms.empty()) co_return oci::host_platform();
  const result<oci::platform> own = oci::parse_platform(workers->front().platforms.front());
  if (own.has_error()) co_return oci::host_platform();
  state.log.info("daemon builds for {}", oci::to_string(*own));
  co_return *own;
}

bool needed(const solve_state* solve) { return solve->request.platforms.empty() && needs_gateway(solve->request); }

}  // namespace

task<result<void>> ask_platform(build_state& state) {
  if (std::none_of(state.solves.begin(), state.solves.end(), needed)) co_return result<void>();
  result<oci::platform> found = co_await find_platform(state);
  state.platform = std::move(found);
  state.platform_known.notify();
  co_return result<void>();
}

task<result<oci::platform>> daemon_platform(build_state& state) {
  while (!state.platform) {
    const wake why = co_await state.platform_known.wait();
    if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return *state.platform;
}

}  // namespace peelbox::client
