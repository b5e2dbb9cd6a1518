// The filter for large header fields: cut anywhere, any bytes give the same output, and the session behind it survives.
#include "h2grpc/h2/large_fields.hpp"

#include "fuzz/h2_input.hpp"
#include "h2grpc/h2/huffman.hpp"

using namespace peelbox;
using namespace peelbox::h2grpc;

namespace {

std::string filtered(byte_view bytes, std::size_t piece) {
  h2::large_fields filter(h2::role::client, 2000, 20);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    byte_view in = bytes.subspan(at, std::min(piece, bytes.size() - at));
    while (!in.empty()) out += as_text(filter.next(in));
  }
  std::string placeholder = "large-field-0-";
  placeholder.resize(5000, 'x');
  if (const auto value = filter.take(placeholder)) out += *value;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const std::size_t piece = in.byte() % 23 + 1u;
  const byte_view bytes = in.take(size);
  require(filtered(bytes, bytes.size() + 1) == filtered(bytes, piece));
  const auto text = h2::huffman_decode(as_text(bytes));
  require(!text || text->size() <= bytes.size() * 8 / 5);
  return 0;
}
