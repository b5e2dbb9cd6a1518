#include "engine/build/daemon.hpp"

#include <utility>

#include "engine/build/observed_stream.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "proto/control.pb.h"

namespace peelbox::build {

namespace {

/// Whatever keeps us from the daemon is a connection problem to the caller, not one of its files.
failure no_connection(failure why) {
  if (why.code == errc::not_found || why.code == errc::permission || why.code == errc::io) why.code = errc::connection;
  return why;
}

task<result<void>> run_connection(std::shared_ptr<h2grpc::connection> connection) {
  (void)co_await connection->run();
  co_return result<void>();
}

}  // namespace

task<result<std::shared_ptr<h2grpc::connection>>> connect(task_group& group, transport::endpoint to,
                                                          transport::dial_options options,
                                                          std::shared_ptr<traffic> seen, std::string name,
                                                          const logger& log) {
  result<transport::stream_ptr> stream = co_await transport::dial(to, options);
  if (stream.has_error()) co_return no_connection(stream.error());
  log.debug("{}: connected to {}", name, (*stream)->describe());
  h2grpc::connection_options connection_options;
  connection_options.name = std::move(name);
  connection_options.authority = options.tls.server_name.empty() ? to.authority() : options.tls.server_name;
  connection_options.scheme = options.tls.empty() ? "http" : "https";
  const executor ex = co_await asio::this_coro::executor;
  seen->last_heard = std::chrono::steady_clock::now();
  auto connection =
      h2grpc::connection::create(h2grpc::role::client, observe(std::move(*stream), std::move(seen)),
                                 std::move(connection_options), ex, log);
  group.spawn(run_connection(connection));
  co_return connection;
}

task<result<daemon_version>> ask_version(std::shared_ptr<h2grpc::connection> control) {
  h2grpc::call_options options;
  options.deadline = std::chrono::seconds(30);
  result<moby::buildkit::v1::InfoResponse> info = co_await h2grpc::unary<moby::buildkit::v1::InfoResponse>(
      control, "/moby.buildkit.v1.Control/Info", moby::buildkit::v1::InfoRequest(), h2grpc::metadata(), options);
  if (info.has_value()) co_return daemon_version{true, info->buildkitversion().version()};
  const auto status = info.error().status;
  if (status && status->code == static_cast<int>(h2grpc::code::unimplemented)) co_return daemon_version{};
  // The end of the connection says more than the status that the call got from it.
  if (control->ended()) co_return *control->ended();
  co_return info.error();
}

}  // namespace peelbox::build
