// A hostile sender: length-prefixed packets. No step may leave the root, write to a file that was not begun,
// or begin one that was not asked for.
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "engine/filesync/path_order.hpp"
#include "engine/filesync/receiver_core.hpp"

using namespace peelbox;
using namespace peelbox::filesync;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  transfer_stats stats;
  receiver_core core(stats);
  std::vector<disk_step> steps;
  std::set<std::uint32_t> requested;
  std::set<std::uint32_t> begun;
  while (size > 0) {
    const std::size_t length = std::min<std::size_t>(data[0], size - 1);
    const byte_slice message = byte_slice::of(std::string(reinterpret_cast<const char*>(data + 1), length));
    data += 1 + length;
    size -= 1 + length;
    auto p = decode_packet(message.view());
    if (!p) return 0;
    steps.clear();
    if (!core.received(std::move(*p), message, steps)) return 0;
    for (const auto& step : steps) {
      using kind = disk_step::kind;
      if (step.what == kind::make_entry || step.what == kind::begin_file) {
        if (path_problem(step.entry.path)) std::abort();
      }
      if (step.what == kind::begin_file && (!requested.contains(step.id) || !begun.insert(step.id).second))
        std::abort();
      if ((step.what == kind::write || step.what == kind::end_file) && !begun.contains(step.id)) std::abort();
      if (step.what == kind::end_file) begun.erase(step.id);
    }
    while (const auto id = core.next_request()) requested.insert(*id);
  }
  return 0;
}
