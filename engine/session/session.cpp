#include "engine/session/session.hpp"

#include <utility>

#include "engine/session/tunnel_stream.hpp"

namespace peelbox::session {

session::session(identity names, h2grpc::method_table methods, const logger& log, std::chrono::seconds silence_limit)
    : names_(std::move(names)), methods_(std::move(methods)), log_(log), silence_limit_(silence_limit) {}

std::vector<std::pair<std::string, std::string>> session::headers() const {
  std::vector<std::pair<std::string, std::string>> all;
  all.emplace_back("x-docker-expose-session-uuid", names_.id);
  all.emplace_back("x-docker-expose-session-sharedkey", names_.shared_key);
  // Clients of the v0.15 era sent a name; older daemons log it.
  all.emplace_back("x-docker-expose-session-name", "peelbox");
  for (std::string& path : methods_.paths()) all.emplace_back("x-docker-expose-session-grpc-method", std::move(path));
  return all;
}

task<failure> session::run(std::shared_ptr<h2grpc::connection> control) {
  h2grpc::metadata request;
  for (auto& [name, value] : headers()) request.add(name, std::move(value));
  h2grpc::call_options options;
  // Urgent answers of the inner connection, above all to a PING, must not wait behind file content that is queued here:
  // the daemon chooses its windows by how long such an answer takes (grpc-go, internal/transport/bdp_estimator.go).
  options.high_water = 0;
  h2grpc::client_call call = control->open("/moby.buildkit.v1.Control/Session", std::move(request), options);
  return run_on(make_tunnel_stream(std::move(call), "session " + names_.id));
}

task<failure> session::run_on(transport::stream_ptr carrier) {
  h2grpc::connection_options options;
  options.name = "inner";
  options.silence_limit = silence_limit_;
  options.write_budget -= tunnel_write_slack;
  const executor ex = co_await asio::this_coro::executor;
  inner_ = h2grpc::connection::create(h2grpc::role::server, std::move(carrier), std::move(options), ex, log_);
  if (closing_) inner_->shutdown();
  failure why = co_await h2grpc::serve(inner_, methods_);
  inner_.reset();
  log_.debug("inner: session {} ended: {}", names_.id, why.text);
  if (closing_) co_return failure(errc::closed, "session closed");
  co_return std::move(why).in("session");
}

void session::close() {
  closing_ = true;
  if (inner_) inner_->shutdown();
}

}  // namespace peelbox::session
