#include "h2grpc/rpc/server.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/task_group.hpp"

namespace peelbox::h2grpc {

namespace {

// grpc-go's texts, because callers in BuildKit may look for them.
grpc_status unknown_path(const method_table& table, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string service = path.substr(1, slash - 1);
  const std::string prefix = path.substr(0, slash + 1);
  for (const std::string& known : table.paths())
    if (known.starts_with(prefix))
      return make_status(code::unimplemented, "unknown method " + path.substr(slash + 1) + " for service " + service);
  return make_status(code::unimplemented, "unknown service " + service);
}

// Leaves the handler's status, or none when it was cancelled.
task<result<void>> handle(server_call& call, const method& m, std::optional<grpc_status>& status) {
  try {
    grpc_status answer = co_await m.handle(call);
    status = std::move(answer);
    co_return result<void>();
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) co_return result<void>();
  } catch (const std::exception&) {
    // The text of a bug of ours is not for the peer.
  }
  status = make_status(code::internal, "internal error in the handler of " + call.path());
  co_return result<void>();
}

// Runs the handler in a group of its own, so that the caller's reset stops it and nothing else.
task<result<void>> run_handler(server_call taken, const method& m) {
  server_call call = std::move(taken);
  if (m.urgent) call.set_urgent();
  const executor ex = co_await asio::this_coro::executor;
  std::optional<grpc_status> status;
  task_group alone(ex);
  // A handler whose call was reset already runs too, and hears of it from the call.
  alone.start(handle(call, m, status));
  call.on_cancelled([&alone] { alone.cancel(); });
  // Our own cancellation needs no unwinding here: what follows does not wait.
  co_await alone.join();
  call.on_cancelled(nullptr);
  call.finish(status ? std::move(*status) : make_status(code::cancelled, "the call was cancelled"));
  co_return result<void>();
}

task<result<void>> accept_calls(std::shared_ptr<connection> on, const method_table& table, task_group& group) {
  while (true) {
    std::optional<server_call> call = co_await on->accept();
    if (!call) {
      // The connection is gone, so handlers need not finish.
      group.cancel();
      co_return result<void>();
    }
    const method* m = table.find(call->path());
    if (m) group.spawn(run_handler(std::move(*call), *m));
    else call->finish(unknown_path(table, call->path()));
  }
}

task<result<void>> run_connection(std::shared_ptr<connection> on, std::optional<failure>& why) {
  why = co_await on->run();
  co_return result<void>();
}

}  // namespace

task<failure> serve(std::shared_ptr<connection> on, const method_table& table) {
  std::optional<failure> why;
  std::function<task<result<void>>(task_group&)> body = [&](task_group& group) {
    group.spawn(run_connection(on, why));
    return accept_calls(on, table, group);
  };
  const result<void> joined = co_await task_group::run(std::move(body));
  if (why) co_return std::move(*why);
  if (joined.has_error()) co_return joined.error();
  co_return failure(errc::closed, "the connection has ended");
}

}  // namespace peelbox::h2grpc
