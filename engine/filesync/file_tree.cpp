#include "engine/filesync/file_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peelbox::filesync {

void name_list::add(std::string_view name, entry_kind kind) {
  items_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint16_t>(name.size()), kind});
  text_ += name;
  text_ += '\0';
}

void name_list::sort() {
  std::sort(items_.begin(), items_.end(), [&](const item& a, const item& b) {
    return std::string_view(text_.data() + a.offset, a.size) <
           std::string_view(text_.data() + b.offset, b.size);
  });
}

std::size_t name_list::find(std::string_view name) const noexcept {
  const auto it =
      std::lower_bound(items_.begin(), items_.end(), name, [&](const item& a, std::string_view wanted) {
        return std::string_view(text_.data() + a.offset, a.size) < wanted;
      });
  const auto i = static_cast<std::size_t>(it - items_.begin());
  return i < size() && this->name(i) == name ? i : size();
}

result<std::string> read_whole_file(const file_tree& tree, std::string_view path, std::size_t limit) {
  auto file = tree.file(path);
  if (!file) return file.error();
  const auto identity = (*file)->identify();
  if (!identity) return identity.error();
  if (static_cast<std::uint64_t>(identity->size) > limit) {
    return failure(errc::limit,
                   fmt::format("has {} bytes, more than the limit of {}", identity->size, limit));
  }
  std::string content(static_cast<std::size_t>(identity->size), '\0');
  const auto count = (*file)->read(0, reinterpret_cast<std::byte*>(content.data()), content.size());
  if (!count) return count.error();
  content.resize(*count);
  return content;
}

}  // namespace peelbox::filesync
