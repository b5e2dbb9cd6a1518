// Two sessions of ours; the input chooses actions, piece sizes and budgets. Every body arrives as it was sent, or its
// stream was reset.
#include <map>
#include <string>

#include "fuzz/h2_input.hpp"
#include "h2grpc/h2/session.hpp"

using namespace peelbox;
using namespace peelbox::h2grpc;

namespace {

struct body {
  std::string sent, got;
  bool ended = false, end_seen = false, gone = false;
};

struct side {
  explicit side(h2::session_options o) : session(o) {}
  h2::session session;
  std::map<h2::stream_id, body> out;  // what this side sends
};

char letter(h2::stream_id id, std::size_t at) { return static_cast<char>('a' + (static_cast<std::size_t>(id) + at / 7) % 26); }

void handle(side& self, side& other) {
  std::vector<h2::event> events;
  self.session.take_events(events);
  for (auto& e : events) {
    if (auto* d = std::get_if<h2::data_received>(&e)) {
      other.out[d->id].got += as_text(d->bytes);
      self.session.consume(d->id, d->bytes.size());
    } else if (auto* h = std::get_if<h2::headers_received>(&e)) {
      if (h->end_stream) other.out[h->id].end_seen = true;
      if (h2::find(h->headers, ":path")) self.session.respond(h->id, {{":status", "200"}}, false);
    } else if (auto* end = std::get_if<h2::end_received>(&e)) {
      other.out[end->id].end_seen = true;
    } else if (auto* c = std::get_if<h2::stream_closed>(&e)) {
      if (c->code != h2::error_code::no_error || !self.out[c->id].ended)
        self.out[c->id].gone = other.out[c->id].gone = true;
    }
  }
}

bool pass(side& from, side& to, std::size_t budget, std::size_t piece) {
  byte_chain out;
  from.session.collect(out, budget);
  handle(from, to);
  const std::string bytes = out.str();
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::string part = bytes.substr(at, piece);
    require(to.session.feed(as_bytes(part)).has_value());
    handle(to, from);
  }
  require(!from.session.failed() && !to.session.failed());
  return !bytes.empty();
}

void write(side& s, h2::stream_id id, std::size_t size) {
  body& b = s.out[id];
  if (b.ended || b.gone) return;
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text.push_back(letter(id, b.sent.size() + i));
  b.sent += text;
  byte_chain chain;
  if (size % 2) chain.append_copy(text);
  else chain.append(byte_slice::of(std::move(text)));
  s.session.write(id, std::move(chain));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, std::min<std::size_t>(size, 400));
  h2::session_options client_options, server_options;
  server_options.side = h2::role::server;
  client_options.stream_window = server_options.stream_window = 16u << in.byte() % 16;
  client_options.connection_window = server_options.connection_window = 65'535u << in.byte() % 6;
  server_options.max_concurrent_streams = in.byte() % 8 + 1u;
  side client(client_options), server(server_options);
  h2::stream_id last = -1;
  while (!in.empty()) {
    const std::uint8_t action = in.byte();
    const h2::stream_id id = last < 1 ? 0 : static_cast<h2::stream_id>(in.byte() % ((last + 1) / 2)) * 2 + 1;
    switch (action % 8) {
      case 0:
        if (last > 60) break;
        last = client.session.open({{":method", "POST"}, {":scheme", "http"}, {":path", "/s/m"}, {":authority", "x"}}, action & 64);
        require(last > 0);
        client.out[last];
        break;
      case 1: if (id) write(client, id, in.byte() * 97u); break;
      case 2:
        if (id && server.out.contains(id)) write(server, id, in.byte() * 97u);
        break;
      case 3:
        if (id && !client.out[id].ended) {
          client.out[id].ended = true;
          client.session.end(id);
        }
        break;
      case 4:
        if (id && server.out.contains(id) && !server.out[id].ended) {
          server.out[id].ended = true;
          server.session.end(id, {{"grpc-status", "0"}});
        }
        break;
      case 5:
        if (id && action > 200) {
          side& s = action & 8 ? client : server;
          s.session.reset(id, h2::error_code::cancel);
          // From now on, what is written is dropped.
          if (s.out.contains(id)) s.out[id].gone = true;
        }
        break;
      case 6: pass(client, server, in.byte() * 64u + 1, in.byte() * 16u + 1); break;
      default: pass(server, client, in.byte() * 64u + 1, in.byte() * 16u + 1); break;
    }
  }
  bool more = true;
  for (int i = 0; i < 100'000 && more; ++i) {
    more = pass(client, server, 1 << 20, 1 << 20);
    more = pass(server, client, 1 << 20, 1 << 20) || more;
  }
  require(!more);
  for (side* s : {&client, &server}) {
    for (const auto& [id, b] : s->out) {
      require(b.sent.starts_with(b.got));
      require(b.gone || b.got == b.sent || s->session.queued(id) > 0);
      if (b.end_seen) require(b.gone || b.got == b.sent);
    }
  }
  return 0;
}
