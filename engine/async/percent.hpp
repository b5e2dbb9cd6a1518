// Percent-encoding (RFC 3986, 2.1), as URLs, gRPC's messages and BuildKit's headers use it.
#pragma once

#include <string>
#include <string_view>

#include "engine/async/ascii.hpp"

namespace peelbox {

/// %XX, with capital digits, for every byte that `plain` does not name.
template <class Plain>
std::string percent_encoded(std::string_view text, Plain plain) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain(c)) encoded.push_back(c);
    else encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

/// A broken escape stays as it is.
inline std::string percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace peelbox
