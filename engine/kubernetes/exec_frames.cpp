#include "engine/kubernetes/exec_frames.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peelbox::kubernetes {
namespace {

byte_slice byte_of(channel on) {
  static constexpr char in[1] = {static_cast<char>(channel::in)};
  static constexpr char close[2] = {static_cast<char>(channel::close), static_cast<char>(channel::in)};
  return on == channel::in ? byte_slice::of_static({in, sizeof(in)}) : byte_slice::of_static({close, sizeof(close)});
}

}  // namespace

result<exec_message> parse_exec_message(byte_view message) {
  if (message.empty()) return failure(errc::protocol, "an exec message is empty: it has no channel", origin::peer);
  const auto number = static_cast<unsigned char>(message[0]);
  if (number < 1 || number > 3)
    return failure(errc::protocol, fmt::format("an exec message is for channel {}, which no server writes to", number), origin::peer);
  return exec_message{static_cast<channel>(number), message.subspan(1)};
}

byte_chain next_input(byte_chain& bytes) {
  byte_chain message;
  message.append(byte_of(channel::in));
  bytes.move_front(std::min(bytes.size(), most_of_exec_message), message);
  return message;
}

byte_chain end_of_input() { return byte_chain(byte_of(channel::close)); }

}  // namespace peelbox::kubernetes
