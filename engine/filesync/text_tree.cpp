#include "engine/filesync/text_tree.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace peelbox::filesync {

namespace {

struct text_files {
  std::map<std::string, std::string> by_name;
  std::int64_t mod_time;
};
using files_ptr = std::shared_ptr<const text_files>;

failure missing() { return failure(errc::not_found, "no such file"); }

class text_directory final : public open_directory {
 public:
  explicit text_directory(files_ptr files) : files_(std::move(files)) {}

  result<name_list> list() override {
    name_list names;
    for (const auto& [name, text] : files_->by_name) names.add(name, entry_kind::regular);
    names.sort();
    return names;
  }

  result<entry_details> details(std::string_view name) override {
    const auto found = files_->by_name.find(std::string(name));
    if (found == files_->by_name.end()) return missing();
    entry_details about;
    about.posix_mode = S_IFREG | 0644;
    about.size = static_cast<std::int64_t>(found->second.size());
    about.mod_time = about.change_time = files_->mod_time;
    return about;
  }

 private:
  files_ptr files_;
};

class text_file final : public open_file {
 public:
  text_file(files_ptr files, const std::string& text) : files_(std::move(files)), text_(text) {}

  result<file_identity> identify() override { 
    return file_identity{static_cast<std::int64_t>(text_.size()), files_->mod_time, files_->mod_time};
   }

  result<std::size_t> read(std::uint64_t offset, std::byte* target, std::size_t size) override {
    if (offset >= text_.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(size, text_.size() - offset);
    std::memcpy(target, text_.data() + offset, count);
    return count;
  }

 private:
  files_ptr files_;
  const std::string& text_;
};

class text_file_tree final : public file_tree {
 public:
  explicit text_file_tree(text_files files) : files_(std::make_shared<const text_files>(std::move(files))) {}

  result<std::unique_ptr<open_directory>> directory(std::string_view path) const override {
    if (!path.empty()) return missing();
    return std::unique_ptr<open_directory>(std::make_unique<text_directory>(files_));
  }

  result<std::unique_ptr<open_file>> file(std::string_view path) const override {
    const auto found = files_->by_name.find(std::string(path));
    if (found == files_->by_name.end()) return missing();
    return std::unique_ptr<open_file>(std::make_unique<text_file>(files_, found->second));
  }

 private:
  files_ptr files_;
};

}  // namespace

std::shared_ptr<const file_tree> text_tree(std::map<std::string, std::string> files, std::int64_t mod_time) {
  return std::make_shared<text_file_tree>(text_files{std::move(files), mod_time});
}

}  // namespace peelbox::filesync
