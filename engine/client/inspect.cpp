#include "engine/client/inspect.hpp"

#include <utility>

#include "engine/async/task_group.hpp"

namespace peelbox::client {

namespace {

task<result<void>> ask_about_daemon(std::shared_ptr<route> way, daemon_report& report, task_group& group, const logger& log) {
  auto control = co_await connect(group, way, std::make_shared<traffic>(), "outer", log);
  if (control.has_error()) co_return control.error();
  report.name = way->name();
  result<daemon_version> version = co_await ask_version(*control, way);
  if (version.has_error()) co_return version.error();
  report.version = *version;
  result<void> accepted = check_version(*version, way->name());
  if (accepted.has_error()) report.refused = accepted.error();
  result<std::vector<worker>> workers = co_await list_workers(*control);
  if (workers.has_error()) co_return workers.error();
  report.workers = std::move(*workers);
  if (const docker::engine_client* engine = way->embedding_engine()) {
    auto engine_version = co_await engine->version();
    if (engine_version.has_value()) report.engine = *engine_version;
    auto info = co_await engine->info();
    if (info.has_value()) report.engine_info = *info;
  }
  co_return result<void>();
}

task<result<void>> copy(transport::stream& from, transport::stream& to) {
  for (;;) {
    result<byte_view> got = co_await from.read();
    if (got.has_error()) co_return got.error();
    if (got->empty()) break;
    byte_chain bytes;
    bytes.append_copy(*got);
    result<void> sent = co_await to.write(std::move(bytes));
    if (sent.has_error()) co_return sent;
  }
  co_return co_await to.shutdown_write();
}

/// The end of the daemon's stream ends everything; the end of our input only closes that direction.
task<result<void>> copy_last(transport::stream& from, transport::stream& to, task_group& group) {
  result<void> done = co_await copy(from, to);
  group.cancel();
  co_return done;
}

}  // namespace

task<result<daemon_report>> inspect_daemon(std::shared_ptr<route> way, const logger& log) {
  daemon_report report;
  result<void> asked = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    result<void> answered = co_await ask_about_daemon(way, report, group, log);
    group.cancel();
    co_return answered;
  });
  if (asked.has_error()) co_return asked.error();
  const bool embedded = way->embedding_engine() != nullptr;
  const bool store = !report.workers.empty() && report.workers.front().has_snapshotter();
  if (embedded && !store) report.outputs = {"local", "moby", "tar"};
  else report.outputs = {"docker", "image", "local", "oci", "tar"};
  if (embedded && store) report.outputs.emplace_back("moby");
  report.attestations = !report.refused && (!embedded || store);
  co_return report;
}

task<result<void>> join_streams(transport::stream& a, transport::stream& b) {
  co_return co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn(copy(a, b));
    result<void> done = co_await copy_last(b, a, group);
    co_return done;
  });
}

}  // namespace peelbox::client
