// A repository in memory.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/repository.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {

/// Files by path, without directories to list. Counts how often each file is opened. Used by one thread.
class memory_tree : public filesync::file_tree {
 public:
  std::map<std::string, std::string, std::less<>> files;
  mutable std::map<std::string, int, std::less<>> opened;

  result<std::unique_ptr<filesync::open_directory>> directory(std::string_view) const override {
    return failure(errc::not_found, "no directories");
  }
  result<std::unique_ptr<filesync::open_file>> file(std::string_view path) const override {
    const auto at = files.find(path);
    if (at == files.end()) return failure(errc::not_found, "none");
    ++opened[at->first];
    return std::unique_ptr<filesync::open_file>(std::make_unique<memory_file>(at->second));
  }

 private:
  class memory_file : public filesync::open_file {
   public:
    explicit memory_file(const std::string& text) : text_(text) {}
    result<filesync::file_identity> identify() override {
      filesync::file_identity out;
      out.size = static_cast<std::int64_t>(text_.size());
      return out;
    }
    result<std::size_t> read(std::uint64_t offset, std::byte* target, std::size_t size) override {
      if (offset >= text_.size()) return std::size_t{0};
      const std::size_t count = std::min(size, text_.size() - static_cast<std::size_t>(offset));
      std::memcpy(target, text_.data() + offset, count);
      return count;
    }

   private:
    const std::string& text_;
  };
};

/// What a scan of these files would find.
inline repository repository_of(const std::shared_ptr<const memory_tree>& tree) {
  struct content {
    std::set<std::string_view> files;
    std::set<std::string_view> directories;
  };
  std::map<std::string_view, content> all;
  for (const auto& [path, text] : tree->files) {
    all[parent_of(path)].files.insert(name_of(path));
    for (std::string_view dir = parent_of(path); !dir.empty(); dir = parent_of(dir))
      all[parent_of(dir)].directories.insert(name_of(dir));
  }
  std::vector<directory> list;
  for (const auto& [path, inside] : all) {
    directory& d = list.emplace_back();
    d.path = path;
    for (const std::string_view name : inside.files) d.files.add(name);
    for (const std::string_view name : inside.directories) d.directories.add(name);
  }
  return {tree, std::move(list)};
}

}  // namespace peelbox::detect
