#include "engine/filesync/fingerprinted_context.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "engine/filesync/announced_times.hpp"
#include "engine/filesync/announcer.hpp"
#include "engine/filesync/entry_times.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

/// What is kept of a walk. About 100,000 entries.
constexpr std::size_t most_kept = 24u << 20;
/// Runs between two turns for others on the thread.
constexpr std::size_t runs_at_once = 64;

/// The kernel stamps files with the time of its last tick, of which there are at least 100 in a second.
constexpr std::int64_t tick = 20'000'000;
/// Where the file system keeps whole seconds.
constexpr std::int64_t coarse_tick = 2'000'000'000;
constexpr std::int64_t longest_wait = 30'000'000;

struct place {
  opened_context context;
  std::uint64_t device = 0;
};

failure unsuitable(std::string why) { return failure(errc::unsupported, std::move(why), origin::user); }

result<place> open_place(const context_source& source, const request_filters& filters) {
  const auto device = trusted_device(source.root);
  if (!device) return unsuitable("change times on its file system may not tell every change");
  auto context = open_context(source, filters);
  if (!context) return context.error();
  return place{std::move(*context), *device};
}

std::size_t memory_of(const walk_chunk& chunk) noexcept {
  return sizeof(walk_chunk) + chunk.packets.capacity() + chunk.entries.capacity() * sizeof(walk_entry);
}

bool crosses(const walk_run& run, std::uint64_t device) noexcept {
  for (std::size_t i = run.first; i < run.last; ++i)
    if (const walk_entry& e = run.chunk->entries[i]; e.has_contents && e.device != device) return true;
  return false;
}

/// Fills what is found by walking.
class fingerprint_walk {
 public:
  fingerprint_walk(executor ex, fingerprinted_context& out, std::uint64_t device, bool reset_owner, std::size_t ahead,
                   blocking_pool& pool)
      : out_(out),
        device_(device),
        digest_(out.name, out.filters.include, out.filters.exclude, out.filters.follow_paths),
        list_(out.seen),
        wake_(std::make_shared<wakeup>(std::move(ex))),
        pool_(pool),
        walker_(out.opened.tree, out.opened.rules, pool, wake_,
                {reset_owner, std::max<std::size_t>(ahead, 1), out.opened.times}) {
    list_.describe_to(digest_);
  }
  ~fingerprint_walk() { wake_->close(); }
  fingerprint_walk(const fingerprint_walk&) = delete;
  fingerprint_walk& operator=(const fingerprint_walk&) = delete;

  task<result<void>> run() {
    out_.has_entries = true;
    for (std::size_t turn = 1;; ++turn) {
      walk_run run;
      const result<walker::state> state = walker_.poll(run);
      if (!state) co_return state.error();
      if (*state == walker::state::end) break;
      if (*state == walker::state::wait) {
        co_await wake_->wait();
        continue;
      }
      if (crosses(run, device_)) co_return unsuitable("it is on several file systems");
      list_.add(run);
      keep(std::move(run));
      if (turn % runs_at_once == 0) co_await asio::post(asio::use_awaitable);
    }
    list_.finish();
    out_.newest_change = digest_.newest_change();
    out_.digest = digest_.finish();
    if (out_.opened.times) {
      const auto write = [times = out_.opened.times] { return times->save(); };
      auto saving = pool_.run(write);
      co_await std::move(saving);
    }
    co_return result<void>();
  }

 private:
  void keep(walk_run run) {
    if (!out_.has_entries) return;
    if (run.chunk_begins) memory_ += memory_of(*run.chunk);
    memory_ += sizeof(walk_run);
    if (memory_ > most_kept) {
      out_.has_entries = false;
      out_.entries = {};
      return;
    }
    out_.entries.push_back(std::move(run));
  }

  fingerprinted_context& out_;
  const std::uint64_t device_;
  fingerprint digest_;
  announcer list_;
  std::shared_ptr<wakeup> wake_;
  blocking_pool& pool_;
  walker walker_;
  std::size_t memory_ = 0;
};

}  // namespace

task<result<std::shared_ptr<const fingerprinted_context>>> take_fingerprint(std::shared_ptr<const context_source> source,
                                                                            std::string name, request_filters filters,
                                                                            blocking_pool& pool) {
  const executor ex = co_await asio::this_coro::executor;
  auto found = std::make_shared<fingerprinted_context>();
  found->name = std::move(name);
  found->filters = std::move(filters);
  auto open = pool.run([source, f = found->filters] { return open_place(*source, f); });
  result<place> opened = co_await std::move(open);
  if (!opened) co_return opened.error();
  found->opened = std::move(opened->context);
  fingerprint_walk walk(ex, *found, opened->device, source->reset_owner, source->walk_ahead, pool);
  auto walking = walk.run();
  result<void> walked = co_await std::move(walking);
  if (!walked) co_return walked.error();
  co_return std::shared_ptr<const fingerprinted_context>(std::move(found));
}

std::optional<std::chrono::nanoseconds> settling_time(std::int64_t newest_change, std::int64_t now) {
  if (newest_change == std::numeric_limits<std::int64_t>::min()) return std::chrono::nanoseconds(0);
  const std::int64_t rest = newest_change % 1'000'000'000 == 0 ? coarse_tick : tick;
  const std::int64_t left = newest_change + rest - now;
  if (left > longest_wait) return std::nullopt;
  return std::chrono::nanoseconds(std::max<std::int64_t>(left, 0));
}

}  // namespace peelbox::filesync
