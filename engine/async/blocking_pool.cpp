#include "engine/async/blocking_pool.hpp"

#include <algorithm>
#include <system_error>

namespace peelbox {

blocking_pool::blocking_pool(unsigned threads) : most_(std::max(threads, 1U)) {}

blocking_pool::~blocking_pool() {
  {
    const std::lock_guard hold(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  // Jobs that still run may post others and so start more threads.
  for (std::size_t i = 0;; ++i) {
    std::thread ending;
    {
      const std::lock_guard hold(mutex_);
      if (i == threads_.size()) return;
      ending = std::move(threads_[i]);
    }
    ending.join();
  }
}

void blocking_pool::enqueue(std::unique_ptr<job> next) {
  const std::lock_guard hold(mutex_);
  queue_.push_back(std::move(next));
  if (free_ < queue_.size() && threads_.size() < most_) {
    try {
      threads_.emplace_back(&blocking_pool::work, this);
    } catch (const std::system_error&) {
      if (threads_.empty()) {
        queue_.pop_back();
        throw;
      }
    }
  }
  // A new thread looks at the queue by itself, so it needs no notification.
  if (free_ > 0) changed_.notify_one();
}

void blocking_pool::work() {
  std::unique_lock hold(mutex_);
  while (true) {
    if (queue_.empty()) {
      if (ending_) return;
      ++free_;
      changed_.wait(hold);
      --free_;
      continue;
    }
    std::unique_ptr<job> next = std::move(queue_.front());
    queue_.pop_front();
    hold.unlock();
    next->run();
    next.reset();
    hold.lock();
  }
}

}  // namespace peelbox
