// Any bytes, cut anywhere, give the same messages and the same failure.
#include "h2grpc/grpc/framing.hpp"

#include "fuzz/h2_input.hpp"

using namespace peelbox;
using namespace peelbox::h2grpc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const std::size_t piece = in.byte() % 11 + 1u;
  const byte_view bytes = in.take(size);

  message_decoder whole(1000);
  std::deque<received_message> expected;
  const auto first = whole.feed(bytes, expected);

  message_decoder cut(1000);
  std::deque<received_message> got;
  std::optional<failure> second;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto r = cut.feed(bytes.subspan(at, std::min(piece, bytes.size() - at)), got);
    if (r.has_error() && !second) second = r.error();
  }
  require(first.has_error() == second.has_value());
  if (second) require(second->code == first.error().code && second->text == first.error().text);
  require(got.size() == expected.size());
  std::size_t total = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    require(got[i].payload.text() == expected[i].payload.text());
    require(got[i].wire_size == got[i].payload.size() + message_prefix_size && got[i].payload.size() <= 1000);
    total += got[i].wire_size;
  }
  if (!second) require(total + cut.partial() == bytes.size());
  return 0;
}
