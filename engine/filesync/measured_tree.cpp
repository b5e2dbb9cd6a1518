#include "engine/filesync/measured_tree.hpp"

#include <sys/stat.h>

#include <atomic>
#include <utility>

#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

class measured_directory final : public open_directory {
 public:
  measured_directory(std::unique_ptr<open_directory> inner, std::string_view path, std::shared_ptr<tree_measure> measure)
      : inner_(std::move(inner)), path_(path), measure_(std::move(measure)) {}
  ~measured_directory() override {
    if (files_ > 0) measure_->add(path_, bytes_, files_);
  }
  measured_directory(const measured_directory&) = delete;
  measured_directory& operator=(const measured_directory&) = delete;

  result<name_list> list() override { return inner_->list(); }
  result<entry_details> details(std::string_view name) override {
    result<entry_details> found = inner_->details(name);
    if (found && S_ISREG(found->posix_mode)) {
      const auto size = static_cast<std::uint64_t>(found->size);
      bytes_.fetch_add(size, std::memory_order_relaxed);
      files_.fetch_add(1, std::memory_order_relaxed);
      if (size >= size_profile::large_file) measure_->name_large_file(join_path(path_, name), size);
    }
    return found;
  }
  result<entry_xattrs> xattrs(std::string_view name, std::uint64_t device) override { return inner_->xattrs(name, device); }

 private:
  std::unique_ptr<open_directory> inner_;
  std::string path_;
  std::shared_ptr<tree_measure> measure_;
  // Several threads may stat entries of one directory.
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> files_{0};
};

class measured final : public file_tree {
 public:
  measured(std::shared_ptr<const file_tree> tree, std::shared_ptr<tree_measure> measure)
      : tree_(std::move(tree)), measure_(std::move(measure)) {}

  result<std::unique_ptr<open_directory>> directory(std::string_view path) const override {
    auto inner = tree_->directory(path);
    if (!inner) return inner.error();
    std::unique_ptr<open_directory> outer = std::make_unique<measured_directory>(std::move(*inner), path, measure_);
    return outer;
  }
  result<std::unique_ptr<open_file>> file(std::string_view path) const override { return tree_->file(path); }

 private:
  std::shared_ptr<const file_tree> tree_;
  std::shared_ptr<tree_measure> measure_;
};

}  // namespace

std::shared_ptr<const file_tree> measured_tree(std::shared_ptr<const file_tree> tree,
                                               std::shared_ptr<tree_measure> measure) {
  return std::make_shared<measured>(std::move(tree), std::move(measure));
}

}  // namespace peelbox::filesync
