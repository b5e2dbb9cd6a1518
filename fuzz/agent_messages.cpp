// What a step says to a forwarded SSH agent, in pieces of any size, and what stands in files that should hold keys.
#include <cstdint>
#include <string_view>

#include "engine/session/agent_messages.hpp"
#include "engine/session/ssh_key.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] % 32 + 1;
  session::agent_framer framer;
  std::string again;
  bool broken = false;
  for (std::size_t at = 0; at < text.size() && !broken; at += piece) {
    framer.take(text.substr(at, piece));
    for (;;) {
      const auto message = framer.next();
      broken = message.has_error();
      if (broken || !message.value()) break;
      require(!message.value()->empty() && message.value()->size() <= session::largest_agent_message);
      again += session::agent_frame(**message);
      if (const auto request = session::parse_sign_request(**message)) require(session::is_allowed_request(**message));
    }
  }
  require(text.starts_with(again));
  const auto key = session::ssh_key::parse(text, "key");
  if (key.has_value()) require(!key->public_key().empty());
  return 0;
}
