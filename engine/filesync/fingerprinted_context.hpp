// A context that is walked before anybody asks for it, so that its fingerprint can name it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/transfer_stats.hpp"
#include "engine/filesync/walker.hpp"

namespace peelbox::filesync {

struct fingerprinted_context {
  std::string name;
  request_filters filters;
  opened_context opened;
  /// See fingerprint.hpp.
  std::string digest;
  std::int64_t newest_change = 0;
  /// What was found.
  transfer_stats seen;
  /// All that was found, to be announced without another walk; empty for a large context.
  std::vector<walk_run> entries;
  bool has_entries = false;
};

/// Walks the context as a transfer with this name and these filters would. Failures are those of send_tree(), and
/// errc::unsupported with the reason when its numbers would not tell every change: a file system whose change times
/// anybody may set, that other machines write to, or more than one. `pool` must outlive the
/// coroutine.
task<result<std::shared_ptr<const fingerprinted_context>>> take_fingerprint(std::shared_ptr<const context_source> source,
                                                                            std::string name, request_filters filters,
                                                                            blocking_pool& pool);

/// How long after `now` (of the wall clock, ns) everything that was judged has come to rest: a file that changes in the
/// tick of the clock in which it was looked at keeps its change time, and from then on each change gives it another.
/// std::nullopt when that is longer than anybody should wait, as with times from the future.
std::optional<std::chrono::nanoseconds> settling_time(std::int64_t newest_change, std::int64_t now);

}  // namespace peelbox::filesync
