#include "h2grpc/h2/large_fields.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "h2grpc/h2/huffman.hpp"

namespace peelbox::h2grpc::h2 {

namespace {

constexpr std::uint8_t type_headers = 1;
constexpr std::uint8_t type_continuation = 9;
constexpr std::uint8_t flag_end_headers = 0x4;
constexpr std::uint8_t flag_padded = 0x8;
constexpr std::uint8_t flag_priority = 0x20;
constexpr std::size_t priority_size = 5;
constexpr std::size_t frame_payload = 16'384;
constexpr std::size_t placeholder_size = 5'000;

// Reads HPACK's integers and strings, without its tables.
class block_reader {
 public:
  explicit block_reader(std::string_view block) : block_(block) {}

  std::size_t at() const { return at_; }
  bool done() const { return at_ == block_.size(); }
  unsigned char peek() const { return static_cast<unsigned char>(block_[at_]); }

  // RFC 7541, 5.1.
  bool integer(unsigned prefix_bits, std::size_t& value) {
    if (done()) return false;
    const std::size_t mask = (1u << prefix_bits) - 1;
    value = peek() & mask;
    ++at_;
    if (value < mask) return true;
    for (unsigned shift = 0; shift <= 28; shift += 7) {
      if (done()) return false;
      const unsigned char byte = peek();
      ++at_;
      value += static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  // RFC 7541, 5.2.
  bool string(bool& huffman, std::string_view& bytes) {
    if (done()) return false;
    huffman = peek() & 0x80;
    std::size_t size = 0;
    if (!integer(7, size) || size > block_.size() - at_) return false;
    bytes = block_.substr(at_, size);
    at_ += size;
    return true;
  }

 private:
  std::string_view block_;
  std::size_t at_ = 0;
};

void append_string(std::string& to, std::string_view text) {
  std::size_t size = text.size();
  if (size < 127) {
    to.push_back(static_cast<char>(size));
  } else {
    to.push_back(127);
    for (size -= 127; size >= 128; size >>= 7) to.push_back(static_cast<char>((size & 0x7f) | 0x80));
    to.push_back(static_cast<char>(size));
  }
  to += text;
}

void append_head(std::string& to, std::size_t length, std::uint8_t type, std::uint8_t flags, std::uint32_t stream) {
  const std::uint8_t bytes[] = {static_cast<std::uint8_t>(length >> 16), static_cast<std::uint8_t>(length >> 8),
                                static_cast<std::uint8_t>(length),       type,
                                flags,                                   static_cast<std::uint8_t>(stream >> 24),
                                static_cast<std::uint8_t>(stream >> 16), static_cast<std::uint8_t>(stream >> 8),
                                static_cast<std::uint8_t>(stream)};
  to.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

// nghttp2 will not see the value, so what it would refuse has to be refused here (RFC 9110, 5.5).
bool valid_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

}  // namespace

large_fields::large_fields(role ours, std::size_t most, std::size_t threshold)
    : most_(most), threshold_(threshold), pass_(ours == role::server ? client_magic_size : 0) {}

large_fields::frame_head large_fields::parse(const std::byte* b) noexcept {
  const auto at = [b](std::size_t i) { return std::to_integer<std::uint32_t>(b[i]); };
  return {at(0) << 16 | at(1) << 8 | at(2), static_cast<std::uint8_t>(at(3)), static_cast<std::uint8_t>(at(4)),
          (at(5) & 0x7f) << 24 | at(6) << 16 | at(7) << 8 | at(8)};
}

// Completes head_ from the front of `in`; false while bytes are missing.
bool large_fields::gather_head(byte_view& in) {
  const std::size_t count = std::min(head_size - head_used_, in.size());
  if (count > 0) std::memcpy(head_.data() + head_used_, in.data(), count);
  head_used_ += count;
  in = in.subspan(count);
  return head_used_ == head_size;
}

byte_view large_fields::next(byte_view& in) {
  if (gathering_) return gather(in);
  std::size_t run = 0;
  while (true) {
    const std::size_t count = std::min(pass_, in.size() - run);
    run += count;
    pass_ -= count;
    if (run == in.size() || head_used_ > 0) break;
    if (in.size() - run < head_size) break;
    const frame_head h = parse(in.data() + run);
    if (h.type == type_headers && !(h.flags & flag_end_headers)) break;
    pass_ = head_size + h.length;
  }
  if (run > 0) {
    const byte_view passed = in.subspan(0, run);
    in = in.subspan(run);
    return passed;
  }
  // A frame head that the end of a read cuts, or one that begins a block of several frames.
  if (!gather_head(in)) return {};
  head_used_ = 0;
  const frame_head h = parse(head_.data());
  if (h.type != type_headers || (h.flags & flag_end_headers)) {
    pass_ = h.length;
    return head_;
  }
  gathering_ = true;
  raw_.assign(reinterpret_cast<const char*>(head_.data()), head_size);
  block_.clear();
  first_ = h;
  last_frame_ = false;
  frames_ = 1;
  missing_ = h.length;
  return gather(in);
}

byte_view large_fields::gather(byte_view& in) {
  while (true) {
    const std::size_t count = std::min(missing_, in.size());
    raw_ += as_text(in.subspan(0, count));
    block_ += as_text(in.subspan(0, count));
    in = in.subspan(count);
    missing_ -= count;
    if (missing_ > 0) return {};
    if (last_frame_) return finish_block();
    if (!gather_head(in)) return {};
    head_used_ = 0;
    const frame_head h = parse(head_.data());
    raw_.append(reinterpret_cast<const char*>(head_.data()), head_size);
    // A broken rule or too much: nghttp2 decides what to do. Frames are counted because of floods of small ones.
    const bool too_much = raw_.size() > most_ || ++frames_ > most_ / frame_payload + 2;
    if (h.type != type_continuation || h.stream != first_.stream || h.length > frame_payload || too_much) {
      gathering_ = false;
      pass_ = h.length;
      output_ = std::move(raw_);
      raw_.clear();
      return as_bytes(output_);
    }
    last_frame_ = h.flags & flag_end_headers;
    missing_ = h.length;
  }
}

byte_view large_fields::finish_block() {
  gathering_ = false;
  // A value that nghttp2 has not asked for by now belonged to a stream that is gone.
  taken_.clear();
  output_ = std::exchange(raw_, {});
  const std::string gathered = std::exchange(block_, {});
  std::string_view block = gathered;
  std::string rewritten;
  // Padded frames are left alone: gRPC peers do not pad.
  if (first_.flags & flag_padded) return as_bytes(output_);
  if (first_.flags & flag_priority) {
    if (first_.length < priority_size) return as_bytes(output_);
    rewritten = block.substr(0, priority_size);
    block.remove_prefix(priority_size);
  }
  if (!rewrite(block, rewritten)) {
    taken_.clear();
    return as_bytes(output_);
  }
  output_.clear();
  std::string_view rest = rewritten;
  for (bool first = true; first || !rest.empty(); first = false) {
    const std::string_view piece = rest.substr(0, frame_payload);
    rest.remove_prefix(piece.size());
    const std::uint8_t end = rest.empty() ? flag_end_headers : 0;
    if (first) append_head(output_, piece.size(), type_headers, first_.flags | end, first_.stream);
    else append_head(output_, piece.size(), type_continuation, end, first_.stream);
    output_ += piece;
  }
  return as_bytes(output_);
}

// False: there is nothing to replace, or the block is malformed.
bool large_fields::rewrite(std::string_view block, std::string& to) {
  block_reader in(block);
  bool changed = false;
  while (!in.done()) {
    const std::size_t begin = in.at();
    const unsigned char kind = in.peek();
    std::size_t number = 0;
    if (kind & 0x80 || (kind & 0xe0) == 0x20) {  // indexed field, or a new table size
      if (!in.integer(kind & 0x80 ? 7 : 5, number)) return false;
      to += block.substr(begin, in.at() - begin);
      continue;
    }
    bool huffman = false;
    std::string_view name, value;
    if (!in.integer(kind & 0x40 ? 6 : 4, number)) return false;
    if (number == 0 && !in.string(huffman, name)) return false;
    const std::size_t value_begin = in.at();
    if (!in.string(huffman, value)) return false;
    if (value.size() <= threshold_) {
      to += block.substr(begin, in.at() - begin);
      continue;
    }
    std::optional<std::string> text = huffman ? huffman_decode(value) : std::string(value);
    if (!text || !valid_value(*text)) return false;
    std::string placeholder = "large-field-" + std::to_string(counter_++) + "-";
    placeholder.resize(placeholder_size, 'x');
    to += block.substr(begin, value_begin - begin);
    append_string(to, placeholder);
    taken_.emplace_back(std::move(placeholder), std::move(*text));
    changed = true;
  }
  return changed;
}

std::optional<std::string> large_fields::take(std::string_view placeholder) {
  if (taken_.empty() || placeholder.size() != placeholder_size) return std::nullopt;
  for (auto it = taken_.begin(); it != taken_.end(); ++it) {
    if (it->first != placeholder) continue;
    std::string value = std::move(it->second);
    taken_.erase(taken_.begin(), it + 1);
    return value;
  }
  return std::nullopt;
}

}  // namespace peelbox::h2grpc::h2
