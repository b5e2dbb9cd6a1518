// Any bytes decode to a packet or fail; what decodes can be encoded again and means the same.
#include <cstdlib>
#include <string>

#include "engine/filesync/packet.hpp"

using namespace peelbox;
using namespace peelbox::filesync;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = decode_packet({reinterpret_cast<const std::byte*>(data), size});
  if (!first || !first->has_entry) return 0;
  std::string again;
  append_stat_packet(again, first->entry);
  const auto second = decode_packet(as_bytes(again));
  if (!second || !(second->entry == first->entry)) std::abort();
  return 0;
}
