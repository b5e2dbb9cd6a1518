#include "engine/build/daemon_platform.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "engine/build/solve_request.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::build {

namespace {

bool needed(const solve_state* solve) { return needs_daemon_platform(solve->request); }

task<result<void>> find_platform(build_state& state) {
  result<std::vector<worker>> workers = co_await list_workers(state.control);
  if (workers.has_error()) {
    const auto& status = workers.error().status;
    if (status && status->code == static_cast<int>(h2grpc::code::unimplemented)) co_return result<void>();
    co_return workers.error();
  }
  if (workers->empty() || workers->front().platforms.empty()) co_return result<void>();
  const result<oci::platform> own = oci::parse_platform(workers->front().platforms.front());
  if (own.has_error()) co_return result<void>();
  state.log.info("daemon builds for {}", oci::to_string(*own));
  for (solve_state* solve : state.solves)
    if (needed(solve)) solve->request.parts.front().platform = *own;
  co_return result<void>();
}

}  // namespace

bool needs_daemon_platform(const solve_options& options) { return options.for_daemon_platform && needs_gateway(options); }

task<result<void>> ask_platform(build_state& state) {
  result<void> found;
  if (std::any_of(state.solves.begin(), state.solves.end(), needed)) found = co_await find_platform(state);
  state.platform_found = found;
  state.platform_known.notify();
  co_return result<void>();
}

task<result<void>> await_platform(solve_state& state) {
  if (!needs_daemon_platform(state.request)) co_return result<void>();
  build_state& build = state.build;
  while (!build.platform_found)
    if (co_await build.platform_known.wait() == wake::cancelled)
      throw boost::system::system_error(asio::error::operation_aborted);
  co_return *build.platform_found;
}

}  // namespace peelbox::build
