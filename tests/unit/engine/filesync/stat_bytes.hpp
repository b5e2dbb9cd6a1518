// The packet that announces a file, as it goes over the wire.
#pragma once

#include <string>

#include "engine/filesync/packet.hpp"

namespace peelbox::filesync::test {

inline std::string stat_bytes(const stat_entry& e) {
  std::string out;
  append_stat_packet(out, e);
  return out;
}

}  // namespace peelbox::filesync::test
