// Large aligned buffers that are used again and again.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace peelbox::filesync {

/// Buffers of one size, aligned to pages. Released from any thread by dropping the last share, which may
/// happen long after the pool is gone. Keeps at most `keep` unused ones.
class buffer_pool {
 public:
  buffer_pool(std::size_t size, std::size_t keep) : shelf_(std::make_shared<shelf>(size, keep)) {}

  std::size_t buffer_size() const noexcept { return shelf_->size; }
  std::shared_ptr<std::byte> take();

 private:
  static constexpr std::size_t page = 4096;
  struct aligned_delete {
    void operator()(std::byte* p) const noexcept { ::operator delete(p, std::align_val_t(page)); }
  };
  using buffer = std::unique_ptr<std::byte, aligned_delete>;
  struct shelf {
    shelf(std::size_t s, std::size_t k) : size(s), keep(k) { unused.reserve(k); }
    const std::size_t size;
    const std::size_t keep;
    std::mutex mutex;
    std::vector<buffer> unused;
  };
  std::shared_ptr<shelf> shelf_;
};

inline std::shared_ptr<std::byte> buffer_pool::take() {
  buffer taken;
  {
    const std::lock_guard lock(shelf_->mutex);
    if (!shelf_->unused.empty()) {
      taken = std::move(shelf_->unused.back());
      shelf_->unused.pop_back();
    }
  }
  if (!taken) taken.reset(static_cast<std::byte*>(::operator new(shelf_->size, std::align_val_t(page))));
  return {taken.release(), [shelf = shelf_](std::byte* p) {
            buffer back(p);
            const std::lock_guard lock(shelf->mutex);
            // Within the reserved capacity, so this cannot throw.
            if (shelf->unused.size() < shelf->keep) shelf->unused.push_back(std::move(back));
          }};
}

}  // namespace peelbox::filesync
