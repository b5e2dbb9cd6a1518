#include "h2grpc/rpc/server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/event.hpp"
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

// A handler's status, or std::nullopt when it was cancelled.
task<std::optional<grpc_status>> handled(server_call& call, const method& m) {
  try {
    grpc_status status = co_await m.handle(call);
    co_return std::move(status);
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) co_return std::nullopt;
  } catch (const std::exception&) {
    // The text of a bug of ours is not for the peer.
  }
  co_return make_status(code::internal, "internal error in the handler of " + call.path());
}

// Runs the handler as a coroutine of its own, so that the caller's reset stops it and nothing else.
task<result<void>> run_handler(server_call taken, const method& m) {
  server_call call = std::move(taken);
  if (m.urgent) call.set_urgent();
  const executor ex = co_await asio::this_coro::executor;
  event changed(ex);
  asio::cancellation_signal stop;
  bool done = false;
  std::optional<grpc_status> status;
  asio::co_spawn(ex, handled(call, m),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, std::optional<grpc_status> s) {
                   done = true;
                   status = std::move(s);
                   changed.notify();
                 }));
  call.on_cancelled([&stop] { stop.emit(asio::cancellation_type::terminal); });
  co_await asio::this_coro::throw_if_cancelled(false);
  bool cancelled = false;
  while (!done) {
    const bool now = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
    if (now && !cancelled) {
      cancelled = true;
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      stop.emit(asio::cancellation_type::terminal);
      continue;
    }
    co_await changed.wait();
  }
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
