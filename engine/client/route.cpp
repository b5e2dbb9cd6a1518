#include "engine/client/route.hpp"

#include <fmt/format.h>

#include "engine/client/spawned_daemon.hpp"
#include "transport/helper_command.hpp"
#include "transport/process_stream.hpp"

namespace peelbox::client {

namespace {

/// unix, tcp, and addresses of helper programs, which are dialled as they are.
class plain_route final : public route {
 public:
  plain_route(transport::endpoint address, transport::dial_options dial) : route(address, std::move(dial), address.text) {}
  task<result<transport::stream_ptr>> control() override {
    if (address_.kind == transport::scheme::tcp && !dial_.tls.empty() && !dial_.prepared_tls) {
      auto prepared = transport::prepare_tls(dial_.tls);
      if (prepared.has_error()) co_return prepared.error();
      dial_.prepared_tls = std::move(*prepared);
    }
    co_return co_await transport::dial(address_, dial_);
  }
};

/// The BuildKit inside of dockerd (moby, daemon/server/router/grpc and session).
class engine_route final : public route {
 public:
  engine_route(transport::endpoint address, transport::dial_options dial, docker::engine_address engine)
      : route(address, dial, fmt::format("{} ({}, {})", address.text, engine.where.text, engine.source)),
        engine_(std::move(engine), dial.limits) {}

  task<result<transport::stream_ptr>> control() override {
    transport::upgrade_request request;
    request.target = "/grpc";
    auto stream = co_await engine_.hijack(std::move(request));
    if (stream.has_error() && stream.error().code == errc::unsupported)
      co_return failure(errc::unsupported,
                        stream.error().text + ": the engine has no BuildKit; Docker 23.0 or newer has one", origin::peer);
    co_return stream;
  }
  bool has_session_entry() const noexcept override { return true; }
  task<result<transport::stream_ptr>> session(http_header_list headers) override {
    transport::upgrade_request request;
    request.target = "/session";
    request.headers = std::move(headers);
    return engine_.hijack(std::move(request));
  }
  const docker::engine_client* embedding_engine() const noexcept override { return &engine_; }

 private:
  docker::engine_client engine_;
};

/// A buildkitd in a container, through the engine's exec; needs no docker program.
class container_route final : public route {
 public:
  container_route(transport::endpoint address, transport::dial_options dial, docker::engine_address engine,
                  std::string container)
      : route(address, dial, address.text), engine_(std::move(engine), dial.limits), container_(std::move(container)) {}

  task<result<transport::stream_ptr>> control() override {
    std::vector<std::string> argv{"buildctl", "dial-stdio"};
    return engine_.exec(container_, std::move(argv), name_);
  }

 private:
  docker::engine_client engine_;
  std::string container_;
};

/// A buildkitd in a pod, by whoever knows Kubernetes.
class pod_route final : public route {
 public:
  pod_route(transport::endpoint address, transport::dial_options dial, transport::address_dialer dialer)
      : route(address, std::move(dial), address.text), dialer_(std::move(dialer)) {}

  task<result<transport::stream_ptr>> control() override { return dialer_(); }

 private:
  transport::address_dialer dialer_;
};

/// Our own daemon, which lives as long as the route.
class spawned_route final : public route {
 public:
  spawned_route(transport::endpoint address, transport::dial_options dial, environment variables,
                const logger& log)
      : route(address, std::move(dial), "spawn:"), variables_(std::move(variables)), log_(log) {}

  task<result<transport::stream_ptr>> control() override {
    if (!daemon_) {
      auto started = co_await spawned_daemon::start(variables_, log_);
      if (started.has_error()) co_return started.error();
      daemon_ = std::move(*started);
      name_ = "spawn: (" + daemon_->address().text + ")";
    }
    co_return co_await transport::dial(daemon_->address(), dial_);
  }

 private:
  environment variables_;
  const logger& log_;
  std::unique_ptr<spawned_daemon> daemon_;
};

}  // namespace

task<result<transport::stream_ptr>> route::session(http_header_list) {
  co_return failure(errc::internal, name_ + ": sessions have no entry of their own here");
}

std::string route::authority() const {
  return dial_.tls.server_name.empty() ? address_.authority() : dial_.tls.server_name;
}

std::chrono::milliseconds route::patience() const noexcept {
  return transport::is_carried_by_program(address_.kind) ? transport::program_patience : dial_.patience;
}

result<std::shared_ptr<route>> make_route(transport::endpoint address, transport::dial_options dial,
                                          const environment& variables, const logger& log) {
  using transport::scheme;
  if (address.kind == scheme::unix_socket || address.kind == scheme::tcp || address.kind == scheme::npipe)
    return std::shared_ptr<route>(std::make_shared<plain_route>(std::move(address), std::move(dial)));
  if (!dial.tls.empty())
    return failure(errc::usage, fmt::format("{}: TLS options are for tcp:// addresses", address.text), origin::user);
  if (address.kind == scheme::spawn)
    return std::shared_ptr<route>(std::make_shared<spawned_route>(std::move(address), std::move(dial), variables, log));
  if (address.kind == scheme::docker) {
    std::string context = address.rest;
    while (context.ends_with('/')) context.pop_back();
    auto engine = docker::find_engine(variables, context);
    if (engine.has_error()) return std::move(engine).error().in(address.text);
    return std::shared_ptr<route>(std::make_shared<engine_route>(std::move(address), std::move(dial), std::move(*engine)));
  }
  if (address.kind == scheme::docker_container) {
    auto container = transport::parse_container(address);
    if (container.has_error()) return std::move(container).error();
    auto engine = docker::find_engine(variables, container->context);
    if (engine.has_error()) return std::move(engine).error().in(address.text);
    return std::shared_ptr<route>(std::make_shared<container_route>(std::move(address), std::move(dial),
                                                                    std::move(*engine), std::move(container->name)));
  }
  if (address.kind == scheme::kube_pod) {
    if (!dial.pods) return failure(errc::unsupported, fmt::format("{}: this program has no way to Kubernetes", address.text));
    auto dialer = dial.pods(address, dial, variables);
    if (dialer.has_error()) return std::move(dialer).error();
    return std::shared_ptr<route>(std::make_shared<pod_route>(std::move(address), std::move(dial), std::move(*dialer)));
  }
  dial.gate = std::make_shared<transport::dial_gate>(transport::programs_at_once);
  return std::shared_ptr<route>(std::make_shared<plain_route>(std::move(address), std::move(dial)));
}

}  // namespace peelbox::client
