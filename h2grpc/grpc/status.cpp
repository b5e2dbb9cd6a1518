#include "h2grpc/grpc/status.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "engine/async/base64.hpp"
#include "engine/async/percent.hpp"
#include "engine/async/varint.hpp"

namespace peelbox::h2grpc {

namespace {

constexpr std::array<std::string_view, 17> names{
    "OK",          "Canceled",           "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",    "AlreadyExists",
    "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal",
    "Unavailable", "DataLoss",           "Unauthenticated"};

void append_varint(std::string& to, std::uint64_t value) {
  std::array<char, max_varint> bytes;
  to.append(bytes.data(), put_varint(bytes.data(), value));
}

void put_bytes(std::string& to, unsigned field, std::string_view bytes) {
  append_varint(to, field << 3 | 2);
  append_varint(to, bytes.size());
  to += bytes;
}

// Reads protobuf fields one after the other: enough for messages of integers and byte strings.
class field_reader {
 public:
  explicit field_reader(std::string_view message) : rest_(message) {}

  unsigned field = 0;
  std::uint64_t number = 0;
  std::string_view bytes;

  // False at the end and on malformed input; ok() tells them apart.
  bool next() {
    if (rest_.empty() || !ok_) return false;
    std::uint64_t tag = 0;
    if (!varint(tag)) return fail();
    field = static_cast<unsigned>(tag >> 3);
    number = 0;
    bytes = {};
    switch (tag & 7) {
      case 0: return varint(number) || fail();
      case 1: return take(8) || fail();
      case 2: return (varint(number) && take(number)) || fail();
      case 5: return take(4) || fail();
      default: return fail();
    }
  }
  bool ok() const { return ok_; }

 private:
  bool fail() { return ok_ = false; }
  bool take(std::uint64_t count) {
    if (count > rest_.size()) return false;
    bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  bool varint(std::uint64_t& value) {
    const char* const next = read_varint(rest_.data(), rest_.data() + rest_.size(), value);
    if (!next) return false;
    rest_.remove_prefix(static_cast<std::size_t>(next - rest_.data()));
    return true;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string code_name(int code) {
  if (code >= 0 && static_cast<std::size_t>(code) < names.size()) return std::string(names[static_cast<std::size_t>(code)]);
  return "Code(" + std::to_string(code) + ")";
}

failure status_failure(const grpc_status& status, std::string_view what) {
  std::string text(what);
  if (!text.empty()) text += ": ";
  if (status.code != static_cast<int>(code::unknown) || status.message.empty()) text += code_name(status.code);
  if (status.code != static_cast<int>(code::unknown) && !status.message.empty()) text += ": ";
  text += status.message;
  failure f(errc::remote, std::move(text), origin::peer);
  f.status = std::make_shared<const grpc_status>(status);
  return f;
}

std::string percent_encode(std::string_view text) {
  return percent_encoded(text, [](char c) { return c >= 0x20 && c <= 0x7e && c != '%'; });
}

void append_status(const grpc_status& status, h2::header_list& to) {
  to.push_back({"grpc-status", std::to_string(status.code)});
  if (!status.message.empty()) to.push_back({"grpc-message", percent_encode(status.message)});
  if (!status.details.empty()) to.push_back({"grpc-status-details-bin", base64_without_padding(encode_status_proto(status))});
}

std::optional<grpc_status> parse_status(const h2::header_list& headers) {
  const std::string* number = h2::find(headers, "grpc-status");
  if (!number) return std::nullopt;
  grpc_status status;
  const char* const end = number->data() + number->size();
  const auto parsed = std::from_chars(number->data(), end, status.code);
  if (parsed.ec != std::errc() || parsed.ptr != end || status.code < 0)
    return make_status(code::unknown, "the peer sent the malformed grpc-status \"" + *number + "\"");
  if (const std::string* message = h2::find(headers, "grpc-message")) status.message = percent_decoded(*message);
  if (const std::string* details = h2::find(headers, "grpc-status-details-bin"))
    if (const auto bytes = decode_base64(*details))
      if (auto decoded = decode_status_proto(*bytes)) status.details = std::move(decoded->details);
  return status;
}

std::string encode_status_proto(const grpc_status& status) {
  std::string bytes;
  if (status.code != 0) {
    append_varint(bytes, 1 << 3);
    append_varint(bytes, static_cast<std::uint64_t>(status.code));
  }
  if (!status.message.empty()) put_bytes(bytes, 2, status.message);
  for (const status_detail& detail : status.details) {
    std::string any;
    if (!detail.type_url.empty()) put_bytes(any, 1, detail.type_url);
    if (!detail.value.empty()) put_bytes(any, 2, detail.value);
    put_bytes(bytes, 3, any);
  }
  return bytes;
}

std::optional<grpc_status> decode_status_proto(std::string_view bytes) {
  grpc_status status;
  field_reader outer(bytes);
  while (outer.next()) {
    if (outer.field == 1) status.code = static_cast<int>(static_cast<std::uint32_t>(outer.number));
    if (outer.field == 2) status.message = outer.bytes;
    if (outer.field != 3) continue;
    status_detail detail;
    field_reader any(outer.bytes);
    while (any.next()) {
      if (any.field == 1) detail.type_url = any.bytes;
      if (any.field == 2) detail.value = any.bytes;
    }
    if (!any.ok()) return std::nullopt;
    status.details.push_back(std::move(detail));
  }
  if (!outer.ok()) return std::nullopt;
  return status;
}

code code_of_http_status(int http_status) noexcept {
  switch (http_status) {
    case 400: return code::internal;
    case 401: return code::unauthenticated;
    case 403: return code::permission_denied;
    case 404: return code::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504: return code::unavailable;
    default: return code::unknown;
  }
}

code code_of_reset(h2::error_code reset) noexcept {
  switch (reset) {
    case h2::error_code::no_error:
    case h2::error_code::protocol_error:
    case h2::error_code::internal_error:
    case h2::error_code::flow_control_error:
    case h2::error_code::settings_timeout:
    case h2::error_code::frame_size_error:
    case h2::error_code::compression_error:
    case h2::error_code::connect_error: return code::internal;
    case h2::error_code::refused_stream: return code::unavailable;
    case h2::error_code::cancel: return code::cancelled;
    case h2::error_code::enhance_your_calm: return code::resource_exhausted;
    case h2::error_code::inadequate_security: return code::permission_denied;
    case h2::error_code::stream_closed:
    case h2::error_code::http_1_1_required: return code::unknown;
  }
  return code::unknown;
}

}  // namespace peelbox::h2grpc
