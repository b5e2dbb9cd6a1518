#include "engine/filesync/walker.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "engine/filesync/path_order.hpp"
#include "engine/filesync/walk_directory.hpp"

namespace peelbox::filesync {

namespace {

/// How many entries one thread does before it gives file reads on the pool a
/// turn.
constexpr std::size_t slice_size = 256;
/// Bytes of an entry of usual size, for the bound of what is read ahead.
constexpr std::size_t usual_entry = 128;

}  // namespace

// Everything that the pool's threads touch.
struct walker::shared : std::enable_shared_from_this<walker::shared> {
  struct slice {
    std::shared_ptr<const walk_chunk> chunk;
    std::optional<failure> error;
    std::size_t cost = 0;
    bool done = false;
  };
  struct node {
    std::shared_ptr<walk_directory> directory;
    bool listed = false;
    std::optional<failure> error;
    std::vector<slice> slices;
    std::size_t slices_left = 0;
  };
  // Either list `node` and do its first slice, or do slice number `slice`.
  struct job {
    std::string key;  // path of the first entry it can yield; decides what is urgent
    std::shared_ptr<node> target;
    std::size_t slice = 0;
  };

  shared(walk_context c, blocking_pool& p, std::shared_ptr<wakeup> w)
      : context(std::move(c)), pool(p), wake(std::move(w)) {
    context.stopped = &abandoned;
  }

  walk_context context;  // not changed any more
  std::atomic<bool> abandoned{false};
  blocking_pool& pool;
  const std::shared_ptr<wakeup> wake;

  std::mutex mutex;  // guards what follows
  bool stopped = false;
  bool waiting = false;  // the consumer needs something that is not done
  std::size_t cost = 0;  // of slices that are done and not yet consumed
  unsigned workers = 0;
  std::vector<job> jobs;  // a heap, most urgent on top
  std::unordered_map<std::uint64_t, std::shared_ptr<node>>
      nodes;  // discovered, not yet entered by the consumer
  std::uint64_t last_node = 0;

  // Only the consumer.
  struct frame {
    std::shared_ptr<node> at;
    std::size_t slice = 0;
    std::size_t entry = 0;
  };
  std::vector<frame> frames;
  std::shared_ptr<node> entering;

  static bool later(const job& a, const job& b) { return compare_paths(a.key, b.key) > 0; }

  void push_job(job j) {
    jobs.push_back(std::move(j));
    std::push_heap(jobs.begin(), jobs.end(), later);
  }
  // The consumer never waits for ever: everything before what it needs has been consumed, so that is under way or on
  // top of the heap, and a full look-ahead does not hold it back.
  bool may_start() const { return !stopped && !jobs.empty() && (waiting || cost < context.options.ahead); }

  // With the lock held.
  void start_workers() {
    const auto wanted = std::min<std::size_t>(pool.threads(), jobs.size());
    while (workers < wanted && may_start()) {
      ++workers;
      pool.post([self = shared_from_this()] { self->work(); });
    }
  }

  void work() {
    std::size_t done = 0;
    std::unique_lock lock(mutex);
    while (may_start() && done < slice_size) {
      std::pop_heap(jobs.begin(), jobs.end(), later);
      const job j = std::move(jobs.back());
      jobs.pop_back();
      lock.unlock();
      done += run(j, lock);
      if (!lock.owns_lock()) lock.lock();
    }
    if (!may_start()) {
      --workers;
      return;
    }
    // Behind the file reads that wait for a thread.
    pool.post([self = shared_from_this()] { self->work(); });
  }

  // Returns the number of names that it looked at, and holds the lock when it returns.
  std::size_t run(const job& j, std::unique_lock<std::mutex>& lock) {
    walk_directory& directory = *j.target->directory;
    if (j.slice == 0) {
      result<void> listed = open_and_list(context, directory);
      const std::size_t count = directory.names.size();
      const std::size_t slices = (count + slice_size - 1) / slice_size;
      lock.lock();
      j.target->listed = true;
      if (!listed) j.target->error = listed.error();
      j.target->slices.resize(listed ? slices : 0);
      j.target->slices_left = j.target->slices.size();
      if (j.target->slices.empty()) {
        directory.handle.reset();
        wake_consumer();
        return 8;  // an opened directory costs about as much as a few entries
      }
      for (std::size_t i = 1; i < slices; ++i) {
        push_job({join_path(directory.path, directory.names.name(i * slice_size)), j.target, i});
      }
      if (slices > 1) start_workers();
      lock.unlock();
    }
    const std::size_t begin = j.slice * slice_size;
    const std::size_t end = std::min(begin + slice_size, directory.names.size());
    walked_slice walked = walk_slice(context, directory, begin, end);
    std::size_t bytes = walked.chunk->packets.size();
    for (const auto& child : walked.children) bytes += child->path.size() + sizeof(node);
    lock.lock();
    publish(j, std::move(walked), bytes / usual_entry + 1);
    return end - begin;
  }

  void publish(const job& j, walked_slice&& walked, std::size_t slice_cost) {
    const std::uint64_t first = last_node;
    for (auto& child : walked.children) {
      auto n = std::make_shared<node>();
      std::string key = child->path;
      n->directory = std::move(child);
      nodes.emplace(++last_node, n);
      push_job({std::move(key), std::move(n), 0});
    }
    for (auto& entry : walked.chunk->entries) {
      if (entry.child != 0) entry.child += first;
    }
    slice& s = j.target->slices[j.slice];
    s.chunk = std::move(walked.chunk);
    s.error = std::move(walked.error);
    s.cost = slice_cost;
    s.done = true;
    cost += slice_cost;
    if (--j.target->slices_left == 0) {
      j.target->directory->handle.reset();
      j.target->directory->names = name_list();
    }
    wake_consumer();
    start_workers();
  }

  void wake_consumer() {
    if (waiting && !stopped) wake->notify();
  }
};

walker::walker(std::shared_ptr<const file_tree> tree, std::shared_ptr<const filter> rules,
               blocking_pool& pool, std::shared_ptr<wakeup> wake, walk_options options)
    : shared_(std::make_shared<shared>(walk_context{std::move(tree), std::move(rules), options, nullptr}, pool,
                                       std::move(wake))) {
  auto root = std::make_shared<shared::node>();
  root->directory = std::make_shared<walk_directory>();
  shared_->entering = root;
  const std::lock_guard lock(shared_->mutex);
  shared_->push_job({"", std::move(root), 0});
  shared_->start_workers();
}

walker::~walker() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopped = true;
  shared_->abandoned.store(true, std::memory_order_relaxed);
  shared_->jobs.clear();
}

result<walker::state> walker::poll(walk_run& run) {
  shared& s = *shared_;
  run = walk_run();
  const std::lock_guard lock(s.mutex);
  s.waiting = false;
  const auto wait = [&] {
    s.waiting = true;
    s.start_workers();
    return state::wait;
  };
  if (s.entering) {
    s.frames.push_back({std::move(s.entering), 0, 0});
    s.entering.reset();
  }
  while (!s.frames.empty()) {
    shared::frame& f = s.frames.back();
    shared::node& n = *f.at;
    if (!n.listed) return wait();
    if (n.error) return *n.error;
    if (f.slice == n.slices.size()) {
      s.frames.pop_back();
      continue;
    }
    shared::slice& slice = n.slices[f.slice];
    if (!slice.done) return wait();
    const auto& entries = slice.chunk->entries;
    const bool first_visit = f.entry == 0;
    if (f.entry == entries.size() && !(first_visit && entries.empty() && slice.cost > 0)) {
      if (slice.error) return *slice.error;
      slice.chunk.reset();
      ++f.slice;
      f.entry = 0;
      s.start_workers();
      continue;
    }
    run.chunk = slice.chunk;
    run.depth = s.frames.size() - 1;
    run.first = f.entry;
    run.chunk_begins = first_visit;
    run.directory_begins = first_visit && f.slice == 0;
    while (f.entry < entries.size()) {
      const walk_entry& e = entries[f.entry++];
      if (e.child == 0) continue;
      const auto child = s.nodes.find(e.child);
      s.entering = std::move(child->second);
      s.nodes.erase(child);
      break;
    }
    run.last = f.entry;
    if (first_visit) {
      // From here on the consumer owns it.
      s.cost -= slice.cost;
      slice.cost = 0;
      s.start_workers();
    }
    return state::run;
  }
  return state::end;
}

}  // namespace peelbox::filesync
