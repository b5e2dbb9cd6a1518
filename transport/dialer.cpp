#include "transport/dialer.hpp"

#include <fmt/format.h>

#include "engine/async/timeout.hpp"
#include "transport/helper_command.hpp"
#include "transport/process_stream.hpp"
#include "transport/tcp_stream.hpp"
#include "transport/tls_stream.hpp"
#include "transport/unix_stream.hpp"

namespace peelbox::transport {
namespace {

task<result<stream_ptr>> dial_unix(endpoint where, dial_options options) {
  if (!options.tls.empty())
    co_return failure(errc::usage,
                      fmt::format("{}: TLS options are for tcp:// addresses; a local socket needs none", where.text),
                      origin::user);
  co_return co_await connect_unix(std::move(where), options.limits.connect);
}

task<result<stream_ptr>> dial_tcp(endpoint where, dial_options options) {
  if (options.tls.empty())
    co_return co_await connect_tcp(std::move(where), options.limits.resolve, options.limits.connect);
  // Wrong options are reported before we wait for anything.
  if (!options.prepared_tls) {
    auto setup = prepare_tls(std::move(options.tls));
    if (setup.has_error()) co_return setup.error();
    options.prepared_tls = std::move(*setup);
  }
  std::string host = where.host;
  auto connected = co_await connect_tcp(std::move(where), options.limits.resolve, options.limits.connect);
  if (connected.has_error()) co_return connected;
  co_return co_await start_tls(std::move(*connected), options.prepared_tls, std::move(host), options.limits.handshake);
}

task<result<stream_ptr>> dial_helper(endpoint where, dial_options options) {
  auto argv = helper_command(where);
  if (argv.has_error()) co_return argv.error();
  process_rules rules;
  rules.gate = options.gate;
  co_return co_await start_process_stream(std::move(*argv), where.text, std::move(rules));
}

/// Addresses that need somebody's configuration are resolved by the caller (engine/client/route.cpp).
task<result<stream_ptr>> elsewhere(endpoint where, dial_options) {
  co_return failure(errc::internal, fmt::format("{}: {}:// has to be resolved first", where.text, to_string(where.kind)));
}

task<result<stream_ptr>> no_pipes(endpoint where, dial_options) {
  co_return failure(errc::unsupported, fmt::format("{}: npipe:// exists on Windows only", where.text));
}

using dial_function = task<result<stream_ptr>> (*)(endpoint, dial_options);

/// Which function reaches which scheme.
dial_function dialer_of(scheme kind) {
  switch (kind) {
    case scheme::unix_socket: return dial_unix;
    case scheme::tcp: return dial_tcp;
    case scheme::docker: return elsewhere;
    case scheme::docker_container: return elsewhere;
    case scheme::podman_container: return dial_helper;
    case scheme::nerdctl_container: return dial_helper;
    case scheme::kube_pod: return elsewhere;
    case scheme::ssh: return dial_helper;
    case scheme::spawn: return elsewhere;
    case scheme::npipe: return no_pipes;
  }
  return elsewhere;
}

task<result<stream_ptr>> dial_within(endpoint where, dial_options options) {
  std::string late =
      fmt::format("{}: no connection within {} ms", where.text, options.limits.overall.count());
  const auto overall = options.limits.overall;
  auto work = dialer_of(where.kind)(std::move(where), std::move(options));
  co_return co_await with_timeout(std::move(work), overall, std::move(late));
}

}  // namespace

// Not a coroutine, so that it copies both arguments before it returns.
task<result<stream_ptr>> dial(const endpoint& where, const dial_options& options) {
  // A program has its own patience, which begins when it is its turn.
  if (is_carried_by_program(where.kind)) return dial_helper(where, options);
  return dial_within(where, options);
}

}  // namespace peelbox::transport
