// A digest that only who has a key can make.
#pragma once

#include <string>
#include <string_view>

namespace peelbox::oci {

/// HMAC-SHA-256 (RFC 2104) as "sha256:" and 64 hexadecimal digits. The key has up to 64 bytes.
std::string keyed_digest(std::string_view key, std::string_view text);

}  // namespace peelbox::oci
