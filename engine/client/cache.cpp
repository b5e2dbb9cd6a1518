#include "engine/client/cache.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/client/wire_time.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "proto/cache.pb.h"

namespace peelbox::client {

namespace {

namespace wire_v1 = moby::buildkit::v1;

constexpr std::string_view prune_path = "/moby.buildkit.v1.Control/Prune";
constexpr int most_cache_records = 1'000'000;

cache_record to_cache_record(const wire_v1::UsageRecord& from) {
  cache_record to;
  to.id = from.id();
  to.parents.assign(from.parents().begin(), from.parents().end());
  to.is_mutable = from.mutable_();
  to.in_use = from.inuse();
  to.shared = from.shared();
  to.size = from.size();
  if (from.has_createdat()) to.created = to_wall_time(from.createdat());
  if (from.has_lastusedat()) to.last_used = to_wall_time(from.lastusedat());
  to.usage_count = from.usagecount();
  to.type = from.recordtype();
  to.description = from.description();
  return to;
}

}  // namespace

cache_totals total_of(const std::vector<cache_record>& records) {
  cache_totals totals;
  for (const cache_record& one : records) {
    (one.shared ? totals.shared : totals.private_bytes) += one.size;
    if (!one.in_use) totals.reclaimable += one.size;
  }
  return totals;
}

task<result<std::vector<cache_record>>> list_cache(std::shared_ptr<h2grpc::connection> control, std::vector<std::string> filters) {
  wire_v1::DiskUsageRequest request;
  for (std::string& filter : filters) request.add_filter(std::move(filter));
  h2grpc::call_options options;
  // A daemon measures what it has not measured yet, which takes a walk of each.
  options.deadline = std::chrono::minutes(10);
  h2grpc::metadata none;
  auto call = h2grpc::unary<wire_v1::DiskUsageResponse>(std::move(control), "/moby.buildkit.v1.Control/DiskUsage", std::move(request),
                                                        std::move(none), options);
  result<wire_v1::DiskUsageResponse> reply = co_await std::move(call);
  if (reply.has_error()) co_return reply.error();
  if (reply->record_size() > most_cache_records) co_return failure(errc::limit, "the daemon's cache has more than 1,000,000 records", origin::peer);
  std::vector<cache_record> records;
  for (const wire_v1::UsageRecord& one : reply->record()) records.push_back(to_cache_record(one));
  std::sort(records.begin(), records.end(),
            [](const cache_record& a, const cache_record& b) { return std::tie(a.size, a.id) < std::tie(b.size, b.id); });
  co_return records;
}

task<result<void>> prune_cache(std::shared_ptr<h2grpc::connection> control, prune_request request,
                               std::function<void(const cache_record&)> gone) {
  wire_v1::PruneRequest wire;
  for (std::string& filter : request.filters) wire.add_filter(std::move(filter));
  wire.set_all(request.all);
  wire.set_keepduration(request.keep_duration.count());
  wire.set_reservedspace(request.reserved_space);
  wire.set_maxusedspace(request.max_used_space);
  wire.set_minfreespace(request.min_free_space);
  h2grpc::metadata none;
  h2grpc::client_call call = control->open(std::string(prune_path), std::move(none));
  byte_chain bytes = h2grpc::encode(wire);
  result<void> sent = co_await call.send(std::move(bytes));
  call.half_close();
  while (sent.has_value()) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error() || !message.value()) break;
    result<wire_v1::UsageRecord> record = h2grpc::decode<wire_v1::UsageRecord>(**message, prune_path);
    if (record.has_error()) co_return record.error();
    gone(to_cache_record(*record));
  }
  const grpc_status status = co_await call.finish();
  if (!status.ok()) co_return h2grpc::status_failure(status, "prune");
  co_return result<void>();
}

}  // namespace peelbox::client
