// A byte that chooses the object format, then an index of git, or two of them with their sizes before them: read, joined,
// asked. What is read is smaller than a bound that follows from the input's size.
#include <cstdlib>
#include <string>

#include "engine/filesync/git_config.hpp"
#include "engine/filesync/git_index.hpp"

using namespace peelbox;
using namespace peelbox::filesync;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::size_t id_size = (data[0] & 1U) != 0 ? sha256_id : sha1_id;
  const std::size_t first = std::min<std::size_t>(size - 3, data[1] * 256U + data[2]);
  const byte_view all(reinterpret_cast<const std::byte*>(data + 3), size - 3);
  auto own = parse_git_index(all.subspan(0, first), id_size);
  auto shared = parse_git_index(all.subspan(first), id_size);
  for (const auto* index : {&own, &shared}) {
    if (!*index) continue;
    if ((*index)->entries.size() > size) std::abort();
    const git_tracked tracked(**index);
    for (const git_index_entry& e : (*index)->entries)
      if (e.path_size > 0 && !e.is_directory() && tracked.ask((*index)->path(e)) == git_tracked::answer::no) std::abort();
  }
  if (own && shared) {
    const auto both = merge_shared_index(std::move(*shared), std::move(*own));
    if (both) static_cast<void>(git_tracked(*both).ask("a/b"));
  }
  static_cast<void>(git_config_value(as_text(all), "core", "excludesfile"));
  return 0;
}
