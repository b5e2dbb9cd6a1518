// What is said to an SSH agent and by it (draft-miller-ssh-agent, sections 3 to 5): a length of four bytes, a kind, and fields.
// Pure; every parser takes any bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::session {

/// OpenSSH's bound (authfd.c, MAX_AGENT_REPLY_LEN).
inline constexpr std::size_t largest_agent_message = 256 << 10;

enum class agent_kind : std::uint8_t {
  failure = 5,
  request_identities = 11,
  identities_answer = 12,
  sign_request = 13,
  sign_response = 14,
};

/// Cuts a stream of bytes into messages, without their lengths.
class agent_framer {
 public:
  void take(std::string_view bytes);
  /// The next message, the kind first; std::nullopt when none is complete. errc::protocol when it is empty, errc::limit when it is
  /// larger than largest_agent_message: then the rest cannot be read either.
  result<std::optional<std::string>> next();

 private:

  std::string pending_;
  std::size_t used_ = 0;
};

/// A message with its length, as it is sent.
std::string agent_frame(std::string_view message);

/// Whether a build may ask this: which keys there are, and to sign with one. Adding, removing, locking and extensions
/// are the user's own.
bool is_allowed_request(std::string_view message) noexcept;

struct sign_request {
  std::string key;  ///< the public key, as the agent named it
  std::string data;
  std::uint32_t flags = 0;
};
/// std::nullopt when the fields do not fit the message.
std::optional<sign_request> parse_sign_request(std::string_view message);

struct agent_identity {
  std::string key;
  std::string comment;
};
std::string identities_answer(const std::vector<agent_identity>& keys);
std::string sign_response(std::string_view signature);
std::string agent_refusal();

/// Fields of the protocol (RFC 4251, section 5), which key files share.
class ssh_reader {
 public:
  explicit ssh_reader(std::string_view bytes) : rest_(bytes) {}
  bool u32(std::uint32_t& value);
  /// A view into the bytes.
  bool text(std::string_view& value);
  bool ended() const noexcept { return rest_.empty(); }
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};
void put_u32(std::string& to, std::uint32_t value);
void put_text(std::string& to, std::string_view value);
/// A number that is not negative: shortest form, and a zero byte before a high bit.
void put_number(std::string& to, std::string_view big_endian);

}  // namespace peelbox::session
