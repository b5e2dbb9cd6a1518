#include "engine/async/timeout.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "engine/async/task_group.hpp"

namespace peelbox {

task<result<void>> with_timeout(task<result<void>> operation, std::chrono::steady_clock::duration limit,
                                std::string what) {
  const executor ex = co_await asio::this_coro::executor;
  task_group group(ex);
  group.start(std::move(operation));
  const wake why = co_await group.join(limit);
  if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  if (why == wake::timed_out) co_return failure(errc::timed_out, std::move(what));
  group.rethrow();
  if (group.first_failure()) co_return *group.first_failure();
  co_return result<void>();
}

}  // namespace peelbox
