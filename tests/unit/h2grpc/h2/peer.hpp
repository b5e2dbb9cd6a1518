// A session with a record of what happened on it, and a wire between two of them.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "h2grpc/h2/session.hpp"

namespace peelbox::h2grpc::h2::test {

struct stream_record {
  std::vector<header_list> heads;
  std::string data;
  bool ended = false;
  std::optional<error_code> closed;
  bool closed_by_peer = false;
  std::string why;
};

class peer {
 public:
  explicit peer(session_options options) : session(options) {}

  result<void> feed(byte_view bytes) {
    auto fed = session.feed(bytes);
    note();
    return fed;
  }
  std::string collect(std::size_t budget = 1 << 20) {
    byte_chain out;
    session.collect(out, budget);
    note();
    return out.str();
  }
  void note() {
    std::vector<event> events;
    session.take_events(events);
    for (event& e : events) {
      if (auto* d = std::get_if<data_received>(&e)) {
        streams[d->id].data += as_text(d->bytes);
        if (consumes) session.consume(d->id, d->bytes.size());
      } else if (auto* h = std::get_if<headers_received>(&e)) {
        streams[h->id].heads.push_back(std::move(h->headers));
        if (h->end_stream) streams[h->id].ended = true;
        if (streams[h->id].heads.size() == 1) opened.push_back(h->id);
      } else if (auto* end = std::get_if<end_received>(&e)) {
        streams[end->id].ended = true;
      } else if (auto* c = std::get_if<stream_closed>(&e)) {
        streams[c->id].closed = c->code;
        streams[c->id].closed_by_peer = c->by_peer;
        streams[c->id].why = c->why;
      } else if (auto* g = std::get_if<goaway_received>(&e)) {
        goaway = *g;
      } else {
        ++settings;
      }
    }
  }

  h2::session session;
  bool consumes = true;
  std::map<stream_id, stream_record> streams;
  std::vector<stream_id> opened;
  std::optional<goaway_received> goaway;
  int settings = 0;
};

inline session_options options_for(role side) {
  session_options o;
  o.side = side;
  return o;
}

/// Passes bytes in pieces of random size until neither side has anything to send.
class wire {
 public:
  wire(peer& a, peer& b, unsigned seed = 1, std::size_t most = 1 << 16) : a_(a), b_(b), random_(seed), most_(most) {}

  void run() {
    bool more = true;
    while (more) {
      more = pass(a_, b_);
      more = pass(b_, a_) || more;
    }
  }

 private:
  bool pass(peer& from, peer& to) {
    const std::string bytes = from.collect(piece());
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = std::min(piece(), bytes.size() - at);
      // A copy of its own, so that reads beyond the piece or after it are seen by the sanitizers.
      const std::string part = bytes.substr(at, size);
      if (to.feed(as_bytes(part)).has_error()) return false;
      at += size;
    }
    return !bytes.empty();
  }
  std::size_t piece() { return std::uniform_int_distribution<std::size_t>(1, most_)(random_); }

  peer& a_;
  peer& b_;
  std::mt19937 random_;
  std::size_t most_;
};

inline byte_chain chain_of(std::string text) {
  byte_chain chain;
  chain.append(byte_slice::of(std::move(text)));
  return chain;
}

inline header_list request(std::string path = "/s/m") {
  return {{":method", "POST"}, {":scheme", "http"}, {":path", std::move(path)}, {":authority", "localhost"},
          {"content-type", "application/grpc"}, {"te", "trailers"}};
}
inline header_list response() { return {{":status", "200"}, {"content-type", "application/grpc"}}; }

}  // namespace peelbox::h2grpc::h2::test
