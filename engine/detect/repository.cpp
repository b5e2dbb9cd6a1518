#include "engine/detect/repository.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/detect/text.hpp"

namespace peelbox::detect {

repository::repository(std::shared_ptr<const filesync::file_tree> tree, std::vector<directory> directories)
    : tree_(std::move(tree)), directories_(std::move(directories)) {
  std::sort(directories_.begin(), directories_.end(),
            [](const directory& a, const directory& b) { return a.path < b.path; });
  for (const directory& d : directories_) files_ += d.files.size();
}

const directory* repository::find(std::string_view path) const {
  const auto at = std::lower_bound(directories_.begin(), directories_.end(), path,
                                   [](const directory& d, std::string_view p) { return d.path < p; });
  return at != directories_.end() && at->path == path ? &*at : nullptr;
}

bool repository::has_file(std::string_view path) const {
  const directory* d = find(parent_of(path));
  return d && std::binary_search(d->files.begin(), d->files.end(), name_of(path), std::less<>());
}

bool repository::has_directory(std::string_view path) const {
  if (path.empty()) return true;
  const directory* d = find(parent_of(path));
  return d && std::binary_search(d->directories.begin(), d->directories.end(), name_of(path), std::less<>());
}

const std::string* repository::read(std::string_view path) {
  if (const auto known = texts_.find(path); known != texts_.end())
    return known->second ? &*known->second : nullptr;
  if (!has_file(path)) return nullptr;
  std::optional<std::string>& text = texts_[std::string(path)];
  if (bytes_ >= max_total_bytes) {
    add_note(path, "not read: enough of the repository has been read");
    return nullptr;
  }
  result<std::string> bytes = filesync::read_whole_file(*tree_, path, max_file_bytes);
  if (bytes.has_error()) {
    add_note(path, "not read: " + bytes.error().text);
    return nullptr;
  }
  bytes_ += bytes->size();
  if (!is_utf8(*bytes)) {
    add_note(path, "not read: it is not UTF-8");
    return nullptr;
  }
  text = normalised(*bytes);
  return &*text;
}

const value* repository::shared_tree(const std::string& path, result<value> (*parse)(std::string_view)) {
  const auto [at, is_new] = trees_.try_emplace(path);
  if (is_new) {
    if (const std::string* text = read(path)) {
      auto tree = parse(*text);
      if (tree.has_value())
        at->second = std::move(*tree);
      else
        add_note(path, tree.error().text);
    }
  }
  return at->second ? &*at->second : nullptr;
}

void repository::add_note(std::string_view path, std::string text) {
  notes_.push_back({std::string(path), std::move(text)});
}

std::vector<note> repository::notes() const {
  std::vector<note> out = notes_;
  const auto key = [](const note& n) { return std::tie(n.path, n.text); };
  std::sort(out.begin(), out.end(), [&](const note& a, const note& b) { return key(a) < key(b); });
  out.erase(std::unique(out.begin(), out.end(), [&](const note& a, const note& b) { return key(a) == key(b); }),
            out.end());
  return out;
}

}  // namespace peelbox::detect
