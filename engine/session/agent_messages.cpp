#include "engine/session/agent_messages.hpp"

namespace peelbox::session {

namespace {

constexpr std::size_t length_size = 4;

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < length_size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string of_kind(agent_kind kind) { return std::string(1, static_cast<char>(kind)); }

agent_kind kind_of(std::string_view message) { return static_cast<agent_kind>(static_cast<unsigned char>(message.front())); }

}  // namespace

void agent_framer::take(std::string_view bytes) {
  pending_.erase(0, used_);
  used_ = 0;
  pending_.append(bytes);
}

result<std::optional<std::string>> agent_framer::next() {
  const std::string_view rest = std::string_view(pending_).substr(used_);
  if (rest.size() < length_size) return std::optional<std::string>();
  const std::size_t size = read_u32(rest);
  if (size == 0) return failure(errc::protocol, "a message of the SSH agent protocol is empty", origin::peer);
  if (size > largest_agent_message)
    return failure(errc::limit, "a message of the SSH agent protocol is larger than 256 KiB", origin::peer);
  if (rest.size() - length_size < size) return std::optional<std::string>();
  used_ += length_size + size;
  return std::optional(std::string(rest.substr(length_size, size)));
}

std::string agent_frame(std::string_view message) {
  std::string framed;
  put_text(framed, message);
  return framed;
}

bool is_allowed_request(std::string_view message) noexcept {
  return !message.empty() && (kind_of(message) == agent_kind::request_identities || kind_of(message) == agent_kind::sign_request);
}

std::optional<sign_request> parse_sign_request(std::string_view message) {
  if (message.empty() || kind_of(message) != agent_kind::sign_request) return std::nullopt;
  ssh_reader fields(message.substr(1));
  std::string_view key;
  std::string_view data;
  sign_request request;
  if (!fields.text(key) || !fields.text(data) || !fields.u32(request.flags) || !fields.ended()) return std::nullopt;
  request.key = key;
  request.data = data;
  return request;
}

std::string identities_answer(const std::vector<agent_identity>& keys) {
  std::string message = of_kind(agent_kind::identities_answer);
  put_u32(message, static_cast<std::uint32_t>(keys.size()));
  for (const agent_identity& one : keys) {
    put_text(message, one.key);
    put_text(message, one.comment);
  }
  return message;
}

std::string sign_response(std::string_view signature) {
  std::string message = of_kind(agent_kind::sign_response);
  put_text(message, signature);
  return message;
}

std::string agent_refusal() { return of_kind(agent_kind::failure); }

bool ssh_reader::u32(std::uint32_t& value) {
  if (rest_.size() < length_size) return false;
  value = read_u32(rest_);
  rest_.remove_prefix(length_size);
  return true;
}

bool ssh_reader::text(std::string_view& value) {
  std::uint32_t size = 0;
  ssh_reader after = *this;
  if (!after.u32(size) || after.rest_.size() < size) return false;
  value = after.rest_.substr(0, size);
  rest_ = after.rest_.substr(size);
  return true;
}

void put_u32(std::string& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(static_cast<unsigned char>(value >> shift));
}

void put_text(std::string& to, std::string_view value) {
  put_u32(to, static_cast<std::uint32_t>(value.size()));
  to += value;
}

void put_number(std::string& to, std::string_view number) {
  while (!number.empty() && number.front() == '\0') number.remove_prefix(1);
  const bool high = !number.empty() && (static_cast<unsigned char>(number.front()) & 0x80) != 0;
  put_u32(to, static_cast<std::uint32_t>(number.size() + (high ? 1 : 0)));
  if (high) to += '\0';
  to += number;
}

}  // namespace peelbox::session
