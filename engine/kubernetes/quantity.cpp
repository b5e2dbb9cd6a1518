#include "engine/kubernetes/quantity.hpp"

#include <limits>

namespace peelbox::kubernetes {
namespace {

__extension__ typedef __int128 wide;

constexpr std::size_t most_digits = 27;
constexpr wide most = std::numeric_limits<std::int64_t>::max();

struct scale {
  std::string_view suffix;
  int ten;
  int two;
};
constexpr scale scales[] = {{"n", -9, 0}, {"u", -6, 0}, {"m", -3, 0}, {"", 0, 0},   {"k", 3, 0},  {"M", 6, 0},  {"G", 9, 0},  {"T", 12, 0},
                            {"P", 15, 0}, {"E", 18, 0}, {"Ki", 0, 10}, {"Mi", 0, 20}, {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60}};

/// The suffix as powers of ten and two.
std::optional<scale> scale_of(std::string_view suffix) {
  for (const scale& one : scales)
    if (one.suffix == suffix) return one;
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  suffix.remove_prefix(1);
  const bool negative = suffix[0] == '-';
  if (negative || suffix[0] == '+') suffix.remove_prefix(1);
  if (suffix.empty() || suffix.size() > 3) return std::nullopt;
  int exponent = 0;
  for (const char c : suffix) {
    if (c < '0' || c > '9') return std::nullopt;
    exponent = exponent * 10 + (c - '0');
  }
  return scale{"", negative ? -exponent : exponent, 0};
}

}  // namespace

std::optional<std::int64_t> parse_nanos(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  wide value = 0;
  int ten = 9;
  std::size_t digits = 0;
  bool point = false;
  bool any = false;
  while (!text.empty() && (text[0] == '.' || (text[0] >= '0' && text[0] <= '9'))) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c == '.') {
      if (point) return std::nullopt;
      point = true;
      continue;
    }
    any = true;
    if (value != 0 || c != '0') ++digits;
    if (digits > most_digits) return std::nullopt;
    value = value * 10 + (c - '0');
    if (point) --ten;
  }
  if (!any) return std::nullopt;
  const std::optional<scale> by = scale_of(text);
  if (!by) return std::nullopt;
  ten += by->ten;
  for (int i = 0; i < by->two && value < most << 40; ++i) value *= 2;
  for (; ten > 0 && value <= most; --ten) value *= value == 0 ? 1 : 10;
  bool rest = false;
  for (; ten < 0 && value != 0; ++ten) {
    rest = rest || value % 10 != 0;
    value /= 10;
  }
  if (rest) ++value;
  if (value > most) value = most;
  return static_cast<std::int64_t>(negative ? -value : value);
}

}  // namespace peelbox::kubernetes
