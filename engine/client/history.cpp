#include "engine/client/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/async/sleep.hpp"
#include "engine/async/task_group.hpp"
#include "engine/client/content_reader.hpp"
#include "engine/client/history_stream.hpp"
#include "engine/client/status_stream.hpp"
#include "engine/client/wire_time.hpp"
#include "h2grpc/grpc/status.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::client {

namespace {

namespace wire_v1 = moby::buildkit::v1;

/// A daemon keeps 50 builds by default; this bound only stops a hostile one.
constexpr std::size_t most_history_records = 100'000;

history_record::blob to_blob(const wire_v1::Descriptor& from) { return {from.media_type(), from.digest(), from.size()}; }

history_record to_history_record(const wire_v1::BuildHistoryRecord& from) {
  history_record to;
  to.ref = from.ref();
  to.frontend = from.frontend();
  to.frontend_attributes = {from.frontendattrs().begin(), from.frontendattrs().end()};
  for (const auto& e : from.exporters()) to.exporters.push_back({e.type(), {e.attrs().begin(), e.attrs().end()}});
  to.exporter_response = {from.exporterresponse().begin(), from.exporterresponse().end()};
  if (from.has_createdat()) to.created = to_wall_time(from.createdat());
  if (from.has_completedat()) to.completed = to_wall_time(from.completedat());
  if (from.has_error() && from.error().code() != 0) to.error = grpc_status{from.error().code(), from.error().message(), {}};
  to.generation = from.generation();
  to.pinned = from.pinned();
  to.cached_steps = from.numcachedsteps();
  to.total_steps = from.numtotalsteps();
  to.completed_steps = from.numcompletedsteps();
  to.warnings = from.numwarnings();
  if (from.has_logs()) to.log_bytes = from.logs().size();
  if (from.has_logs()) to.logs = to_blob(from.logs());
  if (from.has_trace()) to.trace = to_blob(from.trace());
  if (from.has_result())
    for (const auto& one : from.result().attestations()) to.attestations.emplace_back("", to_blob(one));
  for (const auto& [platform, result] : std::map(from.results().begin(), from.results().end()))
    for (const auto& one : result.attestations()) to.attestations.emplace_back(platform, to_blob(one));
  return to;
}

task<result<void>> end_after(std::chrono::steady_clock::duration limit, task_group& group) {
  co_await sleep_for(limit);
  group.cancel();
  co_return result<void>();
}

}  // namespace

history_record::outcome history_record::state() const {
  if (!completed) return outcome::running;
  if (!error) return outcome::built;
  return error->code == static_cast<int>(h2grpc::code::cancelled) || error->message.ends_with("context canceled")
             ? outcome::cancelled
             : outcome::failed;
}

std::string history_record::name() const {
  if (const auto found = exporter_response.find("image.name"); found != exporter_response.end()) return found->second;
  for (const exporter& one : exporters)
    if (const auto found = one.attributes.find("name"); found != one.attributes.end() && !found->second.empty())
      return found->second;
  // What the client called it; and for builds of buildx that are called nothing, their directory.
  for (const char* key : {"build-arg:BUILDKIT_BUILD_NAME", "context", "vcs:localdir:context"})
    if (const auto found = frontend_attributes.find(key); found != frontend_attributes.end() && !found->second.empty())
      return found->second;
  return {};
}

std::string_view to_string(history_record::outcome state) noexcept {
  switch (state) {
    case history_record::outcome::running: return "running";
    case history_record::outcome::built: return "built";
    case history_record::outcome::failed: return "failed";
    case history_record::outcome::cancelled: return "cancelled";
  }
  return "";
}

result<history_record> find_record(const std::vector<history_record>& records, std::string_view ref) {
  if (records.empty())
    return failure(errc::usage, "the daemon remembers no build", origin::user);
  if (ref == "latest") return records.front();
  for (const history_record& one : records)
    if (one.ref == ref) return one;
  const history_record* found = nullptr;
  for (const history_record& one : records) {
    if (ref.empty() || !one.ref.starts_with(ref)) continue;
    if (found)
      return failure(errc::usage, fmt::format("\"{}\" is the beginning of several builds, such as {} and {}; write more of it",
                                              ref, found->ref, one.ref), origin::user);
    found = &one;
  }
  if (found) return *found;
  return failure(errc::usage, fmt::format("the daemon knows no build \"{}\"; `peelbox history ls` lists those that it knows",
                                          ref.substr(0, 80)), origin::user);
}

failure history::explain(const grpc_status& status) const {
  if (control_->ended())
    return failure(errc::lost, fmt::format("the connection to the daemon at {} was lost: {}", name_, control_->ended()->text),
                   origin::transport);
  if (status.code == static_cast<int>(h2grpc::code::unimplemented))
    return failure(errc::unsupported,
                   fmt::format("the daemon at {} keeps no build history; BuildKit has it since v0.11", name_), origin::peer);
  return h2grpc::status_failure(status, "build history");
}

task<result<void>> history::open(std::shared_ptr<route> way, const logger& log,
                                 std::function<task<result<void>>(history& daemon)> use) {
  std::function<task<result<void>>(std::shared_ptr<h2grpc::connection>)> ask =
      [&](std::shared_ptr<h2grpc::connection> control) -> task<result<void>> {
    history daemon(std::move(control), way->name());
    result<void> done = co_await use(daemon);
    co_return done;
  };
  co_return co_await with_daemon(way, log, ask);
}

task<result<std::vector<history_record>>> history::list() {
  wire_v1::BuildHistoryRequest request;
  request.set_earlyexit(true);
  std::map<std::string, history_record> by_ref;
  auto take = [&by_ref](const wire_v1::BuildHistoryEvent& event) {
    // A build that ends during the listing is listed twice; the later record counts.
    by_ref.insert_or_assign(event.record().ref(), to_history_record(event.record()));
    return by_ref.size() < most_history_records;
  };
  const grpc_status status = co_await read_history_stream(control_, std::move(request), take);
  if (!status.ok()) co_return explain(status);
  std::vector<history_record> all;
  for (auto& [ref, record] : by_ref) all.push_back(std::move(record));
  std::stable_sort(all.begin(), all.end(),
                   [](const history_record& a, const history_record& b) { return a.created > b.created; });
  co_return all;
}

task<result<std::size_t>> history::running() {
  wire_v1::BuildHistoryRequest request;
  request.set_activeonly(true);
  request.set_earlyexit(true);
  std::size_t count = 0;
  // Whoever ignores ActiveOnly tells of ended builds too.
  auto take = [&count](const wire_v1::BuildHistoryEvent& event) {
    if (!event.record().has_completedat()) ++count;
    return count < most_history_records;
  };
  const grpc_status status = co_await read_history_stream(control_, std::move(request), take);
  if (!status.ok()) co_return explain(status);
  co_return count;
}

namespace {

task<result<void>> update(std::shared_ptr<h2grpc::connection> control, wire_v1::UpdateBuildHistoryRequest request) {
  h2grpc::call_options options;
  options.deadline = std::chrono::seconds(30);
  result<wire_v1::UpdateBuildHistoryResponse> done = co_await h2grpc::unary<wire_v1::UpdateBuildHistoryResponse>(
      control, "/moby.buildkit.v1.Control/UpdateBuildHistory", std::move(request), h2grpc::metadata(), options);
  if (done.has_error()) co_return done.error();
  co_return result<void>();
}

}  // namespace

task<result<void>> history::remove(std::string ref) {
  wire_v1::UpdateBuildHistoryRequest request;
  request.set_ref(std::move(ref));
  request.set_delete_(true);
  return update(control_, std::move(request));
}

task<result<void>> history::pin(std::string ref, bool pinned) {
  wire_v1::UpdateBuildHistoryRequest request;
  request.set_ref(std::move(ref));
  request.set_pinned(pinned);
  return update(control_, std::move(request));
}

task<result<void>> history::watch(std::string ref, bool completed, bool lasting, std::function<bool(const history_event&)> take) {
  wire_v1::BuildHistoryRequest request;
  request.set_ref(std::move(ref));
  request.set_activeonly(!completed);
  request.set_earlyexit(!lasting);
  auto each = [&take](const wire_v1::BuildHistoryEvent& event) {
    using kind = history_event::kind;
    const kind what = event.type() == history_complete ? kind::complete : event.type() == 0 ? kind::started : kind::deleted;
    return take({what, to_history_record(event.record())});
  };
  const grpc_status status = co_await read_history_stream(control_, std::move(request), each);
  if (!status.ok()) co_return explain(status);
  co_return result<void>();
}

task<result<void>> history::read(std::string digest, std::function<bool(std::string_view piece)> take) {
  return read_blob(control_, std::move(digest), std::move(take));
}

task<result<void>> history::follow(std::string ref, progress::event_sink& events) {
  const progress::closes_sink close_events(events);
  auto take = [&events](progress::batch one) -> task<bool> { return events.push(std::move(one)); };
  const grpc_status status = co_await read_status_stream(control_, std::move(ref), take);
  if (!status.ok()) co_return explain(status);
  co_return result<void>();
}

task<result<history_record>> history::ended(std::string ref, std::chrono::seconds patience) {
  wire_v1::BuildHistoryRequest request;
  request.set_ref(ref);
  std::optional<history_record> found;
  grpc_status status;
  auto take = [&found](const wire_v1::BuildHistoryEvent& event) {
    if (event.type() == history_complete) found = to_history_record(event.record());
    return !found;
  };
  auto ask = [&](task_group& group) -> task<result<void>> {
    group.spawn(end_after(patience, group));
    status = co_await read_history_stream(control_, std::move(request), take);
    group.cancel();
    co_return result<void>();
  };
  result<void> asked = co_await task_group::run(ask);
  if (found) co_return *found;
  if (!status.ok()) co_return explain(status);
  if (asked.has_error()) co_return asked.error();
  co_return failure(errc::timed_out, fmt::format("the daemon at {} did not record how build {} ended", name_, ref), origin::peer);
}

}  // namespace peelbox::client
