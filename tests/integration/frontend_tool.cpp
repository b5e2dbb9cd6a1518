// Builds the Dockerfile of a directory, as an embedding program would: frontend_tool HOW ADDRESS DIR OUT
//   direct: Control.Solve calls the frontend.  program: a program of ours calls it, looks at the result, and returns it.
// Writes the result as OUT/oci.tar and below OUT/files, and says on standard output what the program saw.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/client/build.hpp"
#include "engine/client/error_text.hpp"
#include "engine/client/find.hpp"
#include "engine/client/program.hpp"
#include "engine/session/output_file.hpp"

using namespace peelbox;

namespace {

class looking final : public client::gateway_program {
 public:
  explicit looking(client::frontend_call frontend) : frontend_(std::move(frontend)) {}

  task<result<client::gateway_result>> run(client::gateway_client& daemon) override {
    auto can = co_await daemon.capabilities();
    if (can.has_error()) co_return can.error();
    std::printf("solves %d\n", can->contains("solve.base") ? 1 : 0);
    client::frontend_call call = frontend_;
    auto made = co_await daemon.solve(std::move(call));
    if (made.has_error()) co_return made.error();
    // GCC 12 handles temporaries in such expressions wrongly, so everything has a name.
    const std::string path = "/made";
    const std::string nowhere = "/absent";
    auto stat = co_await daemon.stat_file(*made, path);
    if (stat.has_error()) co_return stat.error();
    std::printf("stat %s %o %lld\n", stat->path.c_str(), stat->mode, static_cast<long long>(stat->size));
    auto text = co_await daemon.read_file(*made, path, 100);
    if (text.has_error()) co_return text.error();
    std::printf("read %s", text->c_str());
    auto large = co_await daemon.read_file(*made, path, 3);
    std::printf("large %s\n", large.has_error() ? large.error().text.c_str() : "was read");
    auto absent = co_await daemon.read_file(*made, nowhere, 3);
    std::printf("absent %d\n", absent.has_error() ? 1 : 0);
    co_return *made;
  }

 private:
  client::frontend_call frontend_;
};

class nobody final : public progress::event_sink {
 public:
  bool take(const progress::batch&) override { return true; }
  task<bool> room() override { co_return true; }
  void close() override {}
};

task<result<void>> build(std::string how, std::string address, std::string directory, std::string out) {
  const logger log;
  blocking_pool pool(2);
  std::optional<std::string> named = std::move(address);
  environment variables = process_environment();
  transport::dial_options dial;
  auto found = co_await client::find_daemon(std::move(named), std::move(variables), std::move(dial), log);
  if (found.has_error()) co_return found.error();
  client::build_options options;
  options.way = found->way;
  options.names = {session::random_id(), session::random_id()};
  auto context = std::make_shared<filesync::context_source>();
  context->root = directory;
  options.contexts = {{"context", context}, {"dockerfile", context}};
  client::solve_request request;
  const client::frontend_call frontend{"dockerfile.v0", {{"filename", "Dockerfile"}}, {}};
  if (how == "direct") request.source = frontend;
  else request.source = std::make_shared<looking>(frontend);
  auto file = session::output_file::create(out + "/oci.tar");
  if (file.has_error()) co_return file.error();
  const std::shared_ptr<session::output_file> tar = std::move(*file);
  request.exports.push_back({{"oci", {}}, session::file_target{tar}});
  request.exports.push_back({{"local", {}}, session::directory_target{out + "/files", false}});
  options.services.push_back(std::move(request));
  const executor ex = co_await asio::this_coro::executor;
  client::stop_request stop(ex);
  nobody events;
  auto outcome = co_await client::run_build(options, stop, events, pool, log);
  if (outcome.has_error()) co_return outcome.error();
  if (outcome->services.front().has_error()) co_return outcome->services.front().error();
  const std::vector<session::output_file*> all{tar.get()};
  co_return session::commit_all(all);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  asio::io_context io;
  int code = 1;
  asio::co_spawn(io, build(argv[1], argv[2], std::filesystem::absolute(argv[3]), argv[4]),
                 [&](std::exception_ptr thrown, result<void> done) {
                   if (!thrown && done.has_value()) code = 0;
                   if (!thrown && done.has_error()) std::fprintf(stderr, "%s\n", done.error().text.c_str());
                 });
  io.run();
  return code;
}
