// A hostile receiver: length-prefixed packets. Only announced files can be asked for, each once.
#include <cstdlib>
#include <set>

#include "engine/filesync/sender_core.hpp"

using namespace peelbox;
using namespace peelbox::filesync;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  transfer_stats stats;
  sender_core core(stats);
  const auto dir = core.files().add_directory(file_table::root, "dir");
  for (std::uint32_t id = 1; id < 200; id += 2)
    core.files().add_file(id, id % 3 == 0 ? dir : file_table::root, "f", {});
  std::set<std::uint32_t> asked;
  while (size > 0) {
    const std::size_t length = std::min<std::size_t>(data[0] % 16, size - 1);
    const auto p = decode_packet({reinterpret_cast<const std::byte*>(data + 1), length});
    data += 1 + length;
    size -= 1 + length;
    if (!p || !core.received(*p)) return 0;
    while (core.has_request()) {
      const auto file = core.next_request();
      if (file.id % 2 == 0 || file.id >= 200 || !asked.insert(file.id).second) std::abort();
      if (length % 2 == 0) core.file_finished();
    }
    if (length == 0) core.list_finished();
  }
  return 0;
}
