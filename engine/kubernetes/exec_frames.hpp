// Messages of exec over WebSocket: v5.channel.k8s.io and v4.channel.k8s.io. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::kubernetes {

/// The first byte of every message (kubernetes/apimachinery, pkg/util/remotecommand).
enum class channel : unsigned char { in = 0, out = 1, error = 2, status = 3, resize = 4, close = 255 };

struct exec_message {
  channel on = channel::out;
  byte_view content;  ///< points into the message; the first one of a channel is empty
};

/// errc::protocol for an empty message and a channel that no server writes to.
result<exec_message> parse_exec_message(byte_view message);

/// As large as a message may be (client-go writes 32 KiB): servers take every frame for a message.
inline constexpr std::size_t most_of_exec_message = 32 << 10;

/// Takes up to that much from the front of `bytes`, as a message for the program's input.
byte_chain next_input(byte_chain& bytes);
/// "There is no more input": v5 only; v4 has no word for it.
byte_chain end_of_input();

inline constexpr std::string_view exec_v5 = "v5.channel.k8s.io";
inline constexpr std::string_view exec_v4 = "v4.channel.k8s.io";

}  // namespace peelbox::kubernetes
