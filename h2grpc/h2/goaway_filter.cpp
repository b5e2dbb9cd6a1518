#include "h2grpc/h2/goaway_filter.hpp"

#include <algorithm>
#include <cstring>

namespace peelbox::h2grpc::h2 {

namespace {

constexpr std::byte type_goaway{7};
constexpr std::size_t least_goaway = 8;

std::size_t length_of(const std::byte* head) noexcept {
  return std::to_integer<std::size_t>(head[0]) << 16 | std::to_integer<std::size_t>(head[1]) << 8 |
         std::to_integer<std::size_t>(head[2]);
}

// A shorter one is nghttp2's to judge.
bool is_goaway(const std::byte* head) noexcept { return head[3] == type_goaway && length_of(head) >= least_goaway; }

}  // namespace

goaway_filter::goaway_filter(role ours) : server_(ours == role::server), pass_(server_ ? client_magic_size : 0) {}

byte_view goaway_filter::next(byte_view& in) {
  if (!server_) {
    const byte_view all = in;
    in = {};
    return all;
  }
  const std::size_t skipped = std::min(skip_, in.size());
  skip_ -= skipped;
  in = in.subspan(skipped);
  std::size_t run = 0;
  while (true) {
    const std::size_t count = std::min(pass_, in.size() - run);
    run += count;
    pass_ -= count;
    if (head_used_ > 0 || in.size() - run < head_size || is_goaway(in.data() + run)) break;
    pass_ = head_size + length_of(in.data() + run);
  }
  if (run > 0) {
    const byte_view passed = in.subspan(0, run);
    in = in.subspan(run);
    return passed;
  }
  // A head that is cut by the end of a read, or the one that is looked for.
  const std::size_t count = std::min(head_size - head_used_, in.size());
  if (count > 0) std::memcpy(head_.data() + head_used_, in.data(), count);
  head_used_ += count;
  in = in.subspan(count);
  if (head_used_ < head_size) return {};
  head_used_ = 0;
  pass_ = length_of(head_.data());
  if (!is_goaway(head_.data())) return byte_view(head_).subspan(0, head_size);
  skip_ = id_size;
  pass_ -= id_size;
  return head_;  // with an id of zeros, which is never written to
}

}  // namespace peelbox::h2grpc::h2
