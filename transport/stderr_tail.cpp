#include "transport/stderr_tail.hpp"

namespace peelbox::transport {
namespace {

constexpr std::size_t tail_size = 2000;

}  // namespace

void stderr_tail::append(std::string_view text) {
  if (text.size() > tail_size) text.remove_prefix(text.size() - tail_size);
  text_ += text;
  if (text_.size() > tail_size) text_.erase(0, text_.size() - tail_size);
}

std::string stderr_tail::text() const {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text_.find_first_not_of(blank);
  if (first == std::string::npos) return {};
  return text_.substr(first, text_.find_last_not_of(blank) - first + 1);
}

}  // namespace peelbox::transport
