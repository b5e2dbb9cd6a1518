// A server session against any bytes of a client: no crash, bounded output, answers to whatever it accepts.
#include <set>

#include "fuzz/h2_input.hpp"
#include "h2grpc/grpc/request_head.hpp"
#include "h2grpc/grpc/status.hpp"
#include "h2grpc/h2/session.hpp"

using namespace peelbox;
using namespace peelbox::h2grpc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  h2::session_options options;
  options.side = h2::role::server;
  options.max_header_bytes = 1 << 16;
  options.max_concurrent_streams = 20;
  h2::session session(options);
  std::set<h2::stream_id> open;
  std::vector<h2::event> events;
  const std::uint8_t how = in.byte();

  const auto settle = [&] {
    byte_chain out;
    session.collect(out, 1 << 16);
    require(out.size() <= (2u << 16));
    session.take_events(events);
    for (auto& e : events) {
      if (auto* closed = std::get_if<h2::stream_closed>(&e)) open.erase(closed->id);
      if (auto* d = std::get_if<h2::data_received>(&e)) session.consume(d->id, how & 1 ? d->bytes.size() : 0);
      auto* h = std::get_if<h2::headers_received>(&e);
      if (!h || !open.insert(h->id).second) continue;
      require(open.size() <= 21);
      const auto request = parse_request(h->headers);
      if (const auto* bad = std::get_if<rejected_request>(&request)) {
        session.respond(h->id, bad->response, true);
        continue;
      }
      if (how & 2) session.set_urgent(h->id);
      session.respond(h->id, make_response({}), false);
      session.write(h->id, byte_chain(byte_slice::of(std::string(how * 100u, 'y'))));
      if (how & 4) session.end(h->id, make_trailers(make_status(code::ok), {}));
      if (how & 8) session.reset(h->id, h2::error_code::cancel);
    }
  };
  settle();
  const std::size_t piece = in.byte() % 64 + 1u;
  const byte_view magic = as_bytes(std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33));
  if ((how & 16) == 0 && session.feed(magic).has_error()) std::abort();
  while (!in.empty()) {
    const byte_view part = in.take(piece);
    if (session.feed(part).has_error()) break;
    settle();
  }
  session.go_away(h2::error_code::no_error, "");
  settle();
  settle();
  return 0;
}
