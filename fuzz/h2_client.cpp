// A client session against any bytes of a server: no crash, bounded output, every stream ends at most once.
#include <set>

#include "fuzz/h2_input.hpp"
#include "h2grpc/grpc/request_head.hpp"
#include "h2grpc/h2/session.hpp"

using namespace peelbox;
using namespace peelbox::h2grpc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  h2::session_options options;
  options.max_header_bytes = 1 << 16;
  h2::session session(options);
  request_head head;
  head.path = "/s/m";
  std::set<h2::stream_id> open;
  std::vector<h2::event> events;

  const auto settle = [&] {
    byte_chain out;
    session.collect(out, 1 << 16);
    require(out.size() <= (2u << 16));
    session.take_events(events);
    for (auto& e : events) {
      if (auto* closed = std::get_if<h2::stream_closed>(&e)) require(open.erase(closed->id) == 1);
      if (auto* d = std::get_if<h2::data_received>(&e)) session.consume(d->id, d->bytes.size());
    }
  };
  const std::size_t piece = in.byte() % 64 + 1u;
  const bool ends_early = in.byte() % 2 != 0;
  for (int i = 0; i < 3; ++i) {
    const h2::stream_id id = session.open(make_request(head), i == 1);
    open.insert(id);
    session.write(id, byte_chain(byte_slice::of(std::string(70'000, 'x'))));
    if (ends_early) session.end(id);
  }
  settle();
  const byte_view settings = as_bytes(std::string_view("\0\0\0\4\0\0\0\0\0", 9));
  if (in.byte() % 2 == 0 && session.feed(settings).has_error()) std::abort();
  while (!in.empty()) {
    const byte_view part = in.take(piece);
    if (session.feed(part).has_error()) break;
    // Events of DATA refer to `part`, so they are handled before the next read.
    settle();
  }
  settle();
  for (const auto id : std::set<h2::stream_id>(open)) session.reset(id, h2::error_code::cancel);
  settle();
  settle();
  return 0;
}
