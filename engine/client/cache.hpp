// What a daemon keeps from builds: how much it is, and how to make it less.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/client/daemon.hpp"
#include "engine/progress/event.hpp"

namespace peelbox::client {

/// One record of the daemon's cache (api/services/control/control.proto, UsageRecord). Its text is untrusted.
struct cache_record {
  std::string id;
  std::vector<std::string> parents;
  /// A directory that builds write to, such as a cache mount.
  bool is_mutable = false;
  bool in_use = false;
  /// Its bytes belong to another user of the content store too, such as an image.
  bool shared = false;
  std::int64_t size = 0;
  progress::wall_time created{};
  std::optional<progress::wall_time> last_used;
  std::int64_t usage_count = 0;
  std::string type;  ///< regular, source.local, exec.cachemount, internal, …
  std::string description;
};

struct cache_totals {
  std::int64_t shared = 0;
  std::int64_t private_bytes = 0;
  std::int64_t reclaimable = 0;
  std::int64_t all() const noexcept { return shared + private_bytes; }
};
cache_totals total_of(const std::vector<cache_record>& records);

/// What is removed. Sizes in bytes; 0 means no such bound.
struct prune_request {
  /// As `id==x`, `type==exec.cachemount`, `description~=regex`; a record has to match one of them.
  std::vector<std::string> filters;
  /// Internal records and frontend images too.
  bool all = false;
  /// Records that were used within it stay.
  std::chrono::nanoseconds keep_duration{0};
  std::int64_t reserved_space = 0;  ///< always kept
  std::int64_t max_used_space = 0;
  std::int64_t min_free_space = 0;  ///< of the daemon's disk
};

/// Smallest first, then by id. At most 1,000,000 records.
task<result<std::vector<cache_record>>> list_cache(std::shared_ptr<h2grpc::connection> control, std::vector<std::string> filters);

/// Gives every record to `gone` as the daemon removes it. What a running build uses stays. Cancelling it ends the call; the daemon
/// stops at the record that it is at.
task<result<void>> prune_cache(std::shared_ptr<h2grpc::connection> control, prune_request request,
                               std::function<void(const cache_record&)> gone);

}  // namespace peelbox::client
