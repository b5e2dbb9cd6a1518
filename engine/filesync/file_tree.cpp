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
  // The first eight bytes, as one number, nearly always decide without a look at the text.
  struct keyed {
    std::uint64_t key;
    item what;
  };
  const auto first_bytes = [&](const item& i) {
    std::uint64_t key = 0;
    for (std::size_t at = 0; at < sizeof key; ++at) {
      const bool there = at < i.size;
      key = key << 8 | (there ? static_cast<unsigned char>(text_[i.offset + at]) : 0U);
    }
    return key;
  };
  std::vector<keyed> all;
  all.reserve(items_.size());
  for (const item& i : items_) all.push_back({first_bytes(i), i});
  std::sort(all.begin(), all.end(), [&](const keyed& a, const keyed& b) {
    if (a.key != b.key) return a.key < b.key;
    return std::string_view(text_.data() + a.what.offset, a.what.size) <
           std::string_view(text_.data() + b.what.offset, b.what.size);
  });
  std::transform(all.begin(), all.end(), items_.begin(), [](const keyed& k) { return k.what; });
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
