#include "h2grpc/grpc/deadline.hpp"

#include <algorithm>
#include <cstdint>

namespace peelbox::h2grpc {

namespace {
constexpr std::int64_t most_digits = 99'999'999;
constexpr std::int64_t century_ms = std::int64_t{100} * 366 * 24 * 3600 * 1000;
}  // namespace

std::string encode_timeout(std::chrono::milliseconds timeout) {
  const std::int64_t ms = timeout.count();
  if (ms <= 0) return "1n";
  if (ms <= most_digits) return std::to_string(ms) + "m";
  const std::int64_t s = (ms - 1) / 1000 + 1;
  if (s <= most_digits) return std::to_string(s) + "S";
  const std::int64_t minutes = (s - 1) / 60 + 1;
  if (minutes <= most_digits) return std::to_string(minutes) + "M";
  return std::to_string(std::min((minutes - 1) / 60 + 1, most_digits)) + "H";
}

std::optional<std::chrono::milliseconds> decode_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  std::int64_t ms = 0;
  switch (text.back()) {
    case 'H': ms = number * 3'600'000; break;
    case 'M': ms = number * 60'000; break;
    case 'S': ms = number * 1000; break;
    case 'm': ms = number; break;
    case 'u': ms = (number + 999) / 1000; break;
    case 'n': ms = (number + 999'999) / 1'000'000; break;
    default: return std::nullopt;
  }
  return std::chrono::milliseconds(std::min(ms, century_ms));
}

}  // namespace peelbox::h2grpc
