// Asks a daemon that is not there for its version: an embedding program in a page.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include "engine/async/task_group.hpp"
#include "engine/client/daemon.hpp"

using namespace peelbox;

task<result<void>> ask(const logger& log) {
  co_return co_await task_group::run([&log](task_group& group) -> task<result<void>> {
    result<transport::endpoint> address = transport::parse_endpoint("unix:///nonexistent/buildkitd.sock");
    if (address.has_error()) co_return address.error();
    const transport::dial_options options;
    auto way = client::make_route(*address, options, process_environment(), log);
    if (way.has_error()) co_return way.error();
    auto connecting = client::connect(group, *way, std::make_shared<client::traffic>(), "outer", log);
    auto control = co_await std::move(connecting);
    if (control.has_error()) co_return control.error();
    co_return result<void>();
  });
}

int main() {
  asio::io_context io;
  const logger log;
  int code = 1;
  asio::co_spawn(io, ask(log), [&](std::exception_ptr thrown, result<void> done) {
    if (!thrown && done.has_error() && done.error().code == errc::connection) code = 0;
    if (done.has_error()) std::cout << done.error().text << "\n";
  });
  io.run();
  return code;
}
