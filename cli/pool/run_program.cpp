#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/cancellation_state.hpp>
#include <cerrno>

#include "cli/pool/bring_up.hpp"
#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/foreground_program.hpp"
#include "cli/pool/heartbeat.hpp"
#include "cli/pool/tunnel.hpp"

namespace peelbox::cli::pool {

namespace {

/// A folder that others cannot look into: a port of the loopback interface would be open to every user of the machine.
class private_folder {
 public:
  static result<private_folder> make(const environment& env) {
    std::string name = env("XDG_RUNTIME_DIR").value_or("");
    if (name.empty()) name = env("TMPDIR").value_or("");
    if (name.empty()) name = "/tmp";
    name += "/peelbox-pool-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return errno_failure(errno, name);
    return private_folder(std::move(name));
  }
  private_folder(private_folder&& other) noexcept : name_(std::exchange(other.name_, {})) {}
  private_folder& operator=(private_folder&&) = delete;
  ~private_folder() {
    if (name_.empty()) return;
    ::unlink(socket().c_str());
    ::rmdir(name_.c_str());
  }
  std::string socket() const { return name_ + "/buildkitd.sock"; }

 private:
  explicit private_folder(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

task<result<void>> serve_program(std::shared_ptr<tunnel> through, pool_args_cptr args, int& code, task_group& group) {
  auto probing = through->probe();
  const result<void> answered = co_await std::move(probing);
  if (answered.has_error()) co_return answered.error();
  result<foreground_program> program = foreground_program::start(args->program, {{"BUILDKIT_HOST", through->address()}});
  if (program.has_error()) co_return program.error();
  code = co_await program->wait();
  group.cancel();
  co_return result<void>();
}

task<int> run_through(std::shared_ptr<tunnel> through, pool_args_cptr args, const surroundings& with) {
  const executor ex = co_await asio::this_coro::executor;
  int code = 0;
  task_group group(ex);
  group.spawn(through->run());
  group.spawn(serve_program(through, args, code, group));
  co_await group.join();
  if (group.first_failure()) co_return told(*group.first_failure(), with);
  co_return code;
}

}  // namespace

task<int> run_program(pool_args_cptr args, const surroundings& with) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(args->wait_seconds);
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  result<private_folder> folder = private_folder::make(with.env);
  if (folder.has_error()) co_return told(folder.error(), with);
  const executor ex = co_await asio::this_coro::executor;
  tunnel_place at;
  at.socket = folder->socket();
  result<std::shared_ptr<tunnel>> through = tunnel::listen(*pool, args->arch, at, ex);
  if (through.has_error()) co_return told(through.error(), with);
  const std::vector<std::string> archs(1, args->arch);
  auto bringing = bring_up(*pool, archs, until);
  const int up = co_await std::move(bringing);
  if (up != pool_ok) co_return up;
  // From here on a signal is the program's, which keeps its daemon until it has ended.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto beating = while_beating(*pool, archs, run_through(*through, args, with));
  co_return co_await std::move(beating);
}

}  // namespace peelbox::cli::pool
