// Lists a directory inside of a container and keeps the result, with the engine of peelbox and without its program:
//   embed IMAGE DIRECTORY OUT.tar
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <iostream>

#include "engine/client/build.hpp"
#include "engine/client/find.hpp"
#include "engine/llb/definition.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/progress/sanitize.hpp"

using namespace peelbox;

/// What is shown of the build: a line for each step that is done, and what steps print. Text of others is made harmless.
class printer final : public progress::event_sink {
 public:
  bool take(const progress::batch& events) override {
    for (const progress::vertex& step : events.vertices)
      if (step.completed)
        std::cout << (step.cached ? "cached  " : "done    ") << progress::sanitize_line(step.name) << "\n";
    for (const progress::log_chunk& piece : events.logs) std::cout << progress::sanitize(piece.data);
    return !closed_;
  }
  task<bool> room() override { co_return !closed_; }
  void close() override { closed_ = true; }
 private:
  bool closed_ = false;
};

/// The graph: the directory is copied onto the image, then a command runs and only what it writes to /out is kept.
llb::state graph(const oci::image_reference& image, const std::string& session_id) {
  llb::local_options directory;
  directory.session_id = session_id;
  directory.shared_key_hint = "embed";
  llb::copy_step copy;
  copy.from = llb::local("directory", directory);
  copy.source = "/";
  copy.target = "/directory";
  copy.contents = true;
  const llb::state base = llb::file(llb::image(image.text(), oci::host_platform()), {copy}, "copy the directory");
  llb::run_options command;
  command.args = {"/bin/sh", "-c", "ls /directory | tee /out/listing"};
  command.mounts = {llb::bind("/out", llb::state())};
  return llb::run(base, command, "list it").at("/out");
}

task<result<void>> build(char** words, client::stop_request& stop, blocking_pool& pool, const logger& log) {
  const auto image = oci::parse_image_reference(words[1]);
  if (image.has_error()) co_return image.error();
  client::build_options options;
  options.names = {session::random_id(), "embed"};
  const auto definition = llb::marshal(graph(*image, options.names.id));
  if (definition.has_error()) co_return definition.error();
  auto directory = std::make_shared<filesync::context_source>();
  directory->root = std::filesystem::absolute(words[2]);
  options.contexts["directory"] = directory;
  auto file = session::output_file::create(words[3]);
  if (file.has_error()) co_return file.error();
  const std::shared_ptr<session::output_file> out = std::move(*file);
  client::solve_request request;
  client::platform_build part;
  part.definition = std::make_shared<pb::Definition>(definition->message);
  request.source = client::definitions{{part}};
  request.exports = {{{"tar", {}}, session::file_target{out}}};
  options.services = {request};
  // BUILDKIT_HOST, else the usual sockets, else the BuildKit inside of Docker.
  const environment variables = process_environment();
  const transport::dial_options dial;
  const auto found = co_await client::find_daemon(variables("BUILDKIT_HOST"), variables, dial, log);
  if (found.has_error()) co_return found.error();
  options.way = found->way;
  printer events;
  const auto outcome = co_await client::run_build(options, stop, events, pool, log);
  if (outcome.has_error()) co_return outcome.error();
  if (outcome->services[0].has_error()) co_return outcome->services[0].error();
  co_return out->commit();  // until here nothing has changed on the disk
}

int main(int count, char** words) {
  if (count != 4) return std::cerr << "usage: embed IMAGE DIRECTORY OUT.tar\n", 2;
  asio::io_context io(1);
  blocking_pool pool(2);
  const logger log;  // says nothing
  client::stop_request stop(io.get_executor());
  asio::signal_set signals(io, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) { if (!error && !stop.ask()) std::_Exit(130); });
  int code = 1;
  asio::co_spawn(io, build(words, stop, pool, log), [&](std::exception_ptr thrown, result<void> done) {
    signals.cancel();
    if (thrown) std::rethrow_exception(thrown);
    if (done.has_value()) code = 0;
    else std::cerr << "error: " << progress::sanitize(done.error().text) << "\n";
  });
  io.run();
  return code;
}
