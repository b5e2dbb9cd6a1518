#include "engine/filesync/sender_core.hpp"

#include <fmt/format.h>

#include <memory>

namespace peelbox::filesync {

result<void> sender_core::received(const packet& p) {
  if (finished_) return {};
  switch (p.type) {
    case packet_type::request: {
      const auto position = files_.mark_requested(p.id);
      if (!position) {
        return failure(
            errc::protocol,
            fmt::format("the daemon asked for file number {}, which is not a file of this transfer or was "
                        "asked for before",
                        p.id),
            origin::peer);
      }
      ++owed_;
      ++stats_.files_requested;
      requests_.push_back(*position);
      return {};
    }
    case packet_type::fin:
      if (!list_finished_ || owed_ > 0) {
        return failure(errc::protocol, "the daemon ended the transfer before everything was sent",
                       origin::peer);
      }
      finished_ = true;
      return {};
    case packet_type::error: {
      failure f(errc::remote, "error from receiver: " + std::string(p.text()), origin::peer);
      f.status = std::make_shared<const grpc_status>(grpc_status{2, std::string(p.text()), {}});
      return f;
    }
    case packet_type::stat:
    case packet_type::data:
      return failure(errc::protocol, "the daemon sent a packet that only we may send", origin::peer);
  }
  return {};  // a type of a newer protocol: the reference ignores it as well
}

file_table::file sender_core::next_request() {
  const std::uint32_t position = requests_.front();
  requests_.pop_front();
  return files_.at(position);
}

}  // namespace peelbox::filesync
