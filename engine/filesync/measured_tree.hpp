// A tree that records the sizes of the files that are walked.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "engine/filesync/file_tree.hpp"
#include "engine/filesync/size_profile.hpp"

namespace peelbox::filesync {

/// Filled while a tree is walked. Thread-safe.
class tree_measure {
 public:
  void add(const std::string& directory, std::uint64_t bytes, std::uint64_t files) {
    const std::lock_guard lock(mutex_);
    profile_.add(directory, bytes, files);
  }
  void name_large_file(const std::string& path, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    profile_.name_large_file(path, bytes);
  }
  size_profile profile() const {
    const std::lock_guard lock(mutex_);
    return profile_;
  }

 private:
  mutable std::mutex mutex_;
  size_profile profile_;
};

/// The same tree. When a walk closes a directory, the regular files in it that the walk's filter let through are added to
/// `measure`. Further names of one file count again. Costs one addition for each entry.
std::shared_ptr<const file_tree> measured_tree(std::shared_ptr<const file_tree> tree,
                                               std::shared_ptr<tree_measure> measure);

}  // namespace peelbox::filesync
