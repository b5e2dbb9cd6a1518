#include "engine/client/daemon.hpp"

#include <algorithm>
#include <utility>

#include "engine/client/observed_stream.hpp"
#include "engine/oci/platform.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "proto/control.pb.h"

namespace peelbox::client {

namespace {

namespace wire_v1 = moby::buildkit::v1;

/// A file that keeps us from the daemon, such as its socket, is a connection problem to the caller.
failure no_connection(failure why) {
  if (why.code == errc::not_found || why.code == errc::permission || why.code == errc::io) why.code = errc::connection;
  return why;
}

/// No answer, or not BuildKit's: adds the address, and what else may listen there.
failure no_buildkit(failure why, const route& way) {
  const transport::endpoint& where = way.address();
  if (why.text.find(where.text) == std::string::npos) why = why.in(where.text);
  const bool is_tcp = where.kind == transport::scheme::tcp;
  if (why.code == errc::closed && is_tcp && !way.uses_tls())
    why.text += " before it answered; if it expects TLS, use --tlscacert, --tlscert and --tlskey";
  if (why.text.find("answered HTTP/1") != std::string::npos)
    why.text += is_tcp ? "; another service listens there, such as a web server or a registry"
                       : "; if a Docker engine listens there, use --buildkit docker:// with DOCKER_HOST=" + where.text;
  return why;
}

task<result<void>> run_connection(std::shared_ptr<h2grpc::connection> connection) {
  (void)co_await connection->run();
  co_return result<void>();
}

}  // namespace

task<result<std::shared_ptr<h2grpc::connection>>> connect(task_group& group, std::shared_ptr<route> way,
                                                          std::shared_ptr<traffic> seen, std::string name,
                                                          const logger& log, std::chrono::seconds silence_limit) {
  result<transport::stream_ptr> stream = co_await way->control();
  if (stream.has_error()) co_return no_connection(stream.error());
  log.debug("{}: connected to {}", name, (*stream)->describe());
  h2grpc::connection_options connection_options;
  connection_options.name = std::move(name);
  connection_options.authority = way->authority();
  connection_options.silence_limit = silence_limit;
  connection_options.scheme = way->uses_tls() ? "https" : "http";
  connection_options.handshake_limit += way->patience();
  const executor ex = co_await asio::this_coro::executor;
  auto connection =
      h2grpc::connection::create(h2grpc::role::client, observe(std::move(*stream), std::move(seen)),
                                 std::move(connection_options), ex, log);
  group.spawn(run_connection(connection));
  co_return connection;
}

task<result<daemon_version>> ask_version(std::shared_ptr<h2grpc::connection> control, std::shared_ptr<route> way) {
  h2grpc::call_options options;
  options.deadline = std::chrono::seconds(30) + way->patience();
  result<wire_v1::InfoResponse> info = co_await h2grpc::unary<wire_v1::InfoResponse>(
      control, "/moby.buildkit.v1.Control/Info", wire_v1::InfoRequest(), h2grpc::metadata(), options);
  daemon_version found;
  if (info.has_value()) {
    found.has_info = true;
    found.text = info->buildkitversion().version();
  } else {
    const auto status = info.error().status;
    if (!status || status->code != static_cast<int>(h2grpc::code::unimplemented)) {
      // The reason why the connection ended says more than the status that the call got from it.
      co_return no_buildkit(control->ended() ? *control->ended() : info.error(), *way);
    }
  }
  if (const docker::engine_client* engine = way->embedding_engine(); engine && !parse_version(found.text)) {
    auto version = co_await engine->version();
    if (version.has_value()) found.engine = version->version;
  }
  co_return found;
}

task<result<daemon_about>> ask_about(std::shared_ptr<h2grpc::connection> control) {
  h2grpc::call_options options;
  options.deadline = std::chrono::seconds(30);
  auto info = co_await h2grpc::unary<wire_v1::InfoResponse>(control, "/moby.buildkit.v1.Control/Info", wire_v1::InfoRequest(), h2grpc::metadata(), options);
  if (info.has_error()) co_return info.error();
  const auto& said = info->buildkitversion();
  co_return daemon_about{said.package(), said.version(), said.revision(), said.dockerfileversion()};
}

task<result<void>> with_daemon(std::shared_ptr<route> way, const logger& log,
                               std::function<task<result<void>>(std::shared_ptr<h2grpc::connection> control)> use) {
  auto ask = [&](task_group& group) -> task<result<void>> {
    auto control = co_await connect(group, way, std::make_shared<traffic>(), "outer", log);
    if (control.has_error()) co_return control.error();
    result<daemon_version> version = co_await ask_version(*control, way);
    if (version.has_error()) co_return version.error();
    result<void> done = check_version(*version, way->name());
    if (done.has_value()) done = co_await use(*control);
    group.cancel();
    co_return done;
  };
  co_return co_await task_group::run(ask);
}

task<result<std::vector<worker>>> list_workers(std::shared_ptr<h2grpc::connection> control) {
  h2grpc::call_options options;
  options.deadline = std::chrono::seconds(30);
  auto listed = co_await h2grpc::unary<wire_v1::ListWorkersResponse>(
      control, "/moby.buildkit.v1.Control/ListWorkers", wire_v1::ListWorkersRequest(), h2grpc::metadata(), options);
  if (listed.has_error()) co_return listed.error();
  std::vector<worker> all;
  for (const auto& record : listed->record()) {
    worker w;
    w.id = record.id();
    for (const auto& [key, value] : record.labels()) w.labels[key] = value;
    for (const auto& p : record.platforms())
      if (std::string text = oci::to_string(oci::platform{p.os(), p.architecture(), p.variant()});
          std::find(w.platforms.begin(), w.platforms.end(), text) == w.platforms.end())
        w.platforms.push_back(std::move(text));
    w.version = record.buildkitversion().version();
    all.push_back(std::move(w));
  }
  co_return all;
}

}  // namespace peelbox::client
