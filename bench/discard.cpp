#include "bench/discard.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <vector>

#include "engine/filesync/packet.hpp"
#include "engine/session/bytes_message.hpp"
#include "h2grpc/grpc/framing.hpp"

namespace peelbox::bench {

namespace h2 = h2grpc::h2;

namespace {

/// Big-endian length of a gRPC prefix.
std::size_t message_length(std::string_view prefix) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < h2grpc::message_prefix_size; ++i)
    length = length << 8 | static_cast<unsigned char>(prefix[i]);
  return length;
}

byte_chain with_prefix(byte_chain message) {
  byte_chain framed;
  framed.append_copy(h2grpc::message_prefix(message.size()));
  framed.append(std::move(message));
  return framed;
}

const h2::header_list request{{":method", "POST"},
                              {":scheme", "http"},
                              {":path", "/moby.filesync.v1.FileSync/DiffCopy"},
                              {":authority", "localhost"},
                              {"content-type", "application/grpc"},
                              {"te", "trailers"},
                              {"dir-name", "context"}};

/// The daemon's end of DiffCopy on the session's connection.
class taker {
 public:
  taker(discarded& found, bool contents) : found_(found), contents_(contents) {}

  void feed(byte_view bytes) {
    if (auto fed = session_.feed(bytes); !fed) stop(fed.error().text);
    std::vector<h2::event> events;
    session_.take_events(events);
    for (const h2::event& e : events) {
      if (const auto* data = std::get_if<h2::data_received>(&e)) {
        const std::size_t size = data->bytes.size();
        messages_.feed(data->bytes, [this](byte_view message) { take(message); });
        session_.consume(data->id, size);
      } else if (std::holds_alternative<h2::settings_received>(e) && stream_ == 0) {
        stream_ = session_.open(request, false);
      } else if (const auto* head = std::get_if<h2::headers_received>(&e)) {
        const std::string* status = h2::find(head->headers, "grpc-status");
        if (status && *status != "0") stop("grpc-status " + *status);
        else if (status) done_ = true;
      } else if (std::holds_alternative<h2::stream_closed>(e)) {
        done_ = true;
      }
    }
  }
  byte_chain collect() {
    byte_chain out;
    session_.collect(out, 256 << 10);
    return out;
  }
  bool done() const { return done_; }

 private:
  void stop(std::string why) {
    found_.problem = std::move(why);
    done_ = true;
  }
  void take(byte_view message) {
    const auto p = filesync::decode_packet(message);
    if (!p) return stop(p.error().text);
    using filesync::packet_type;
    if (p->type == packet_type::error) return stop(std::string(p->text()));
    if (p->type == packet_type::stat && !p->has_entry) listed_ = true;
    if (p->type == packet_type::stat && p->has_entry) {
      if (contents_ && p->entry.has_data()) {
        ++wanted_;
        session_.write(stream_, with_prefix(filesync::request_packet(static_cast<std::uint32_t>(found_.entries))));
      }
      ++found_.entries;
    }
    if (p->type == packet_type::data && p->data.empty()) {
      --wanted_;
      ++found_.files;
    }
    if (listed_ && wanted_ == 0 && !finishing_) {
      finishing_ = true;
      session_.write(stream_, with_prefix(filesync::fin_packet()));
      session_.end(stream_);
    }
  }

  discarded& found_;
  bool contents_;
  h2::session session_{h2::session_options{}};
  message_skimmer messages_;
  h2::stream_id stream_ = 0;
  std::uint64_t wanted_ = 0;
  bool listed_ = false;
  bool finishing_ = false;
  bool done_ = false;
};

/// The control connection around it.
class tunnel_end {
 public:
  explicit tunnel_end(taker& inner) : inner_(inner) {}

  void feed(byte_view bytes, std::string& problem) {
    if (auto fed = session_.feed(bytes); !fed) problem = fed.error().text;
    std::vector<h2::event> events;
    session_.take_events(events);
    for (const h2::event& e : events) {
      if (const auto* data = std::get_if<h2::data_received>(&e)) {
        const std::size_t size = data->bytes.size();
        pieces_.feed(data->bytes, [this](byte_view inside) { inner_.feed(inside); });
        session_.consume(data->id, size);
      } else if (const auto* head = std::get_if<h2::headers_received>(&e); head && stream_ == 0) {
        stream_ = head->id;
        session_.respond(stream_, {{":status", "200"}, {"content-type", "application/grpc"}}, false);
      }
    }
  }
  byte_chain collect() {
    if (stream_ != 0) {
      byte_chain inside = inner_.collect();
      if (!inside.empty()) session_.write(stream_, with_prefix(session::encode_bytes_message(std::move(inside))));
    }
    byte_chain out;
    session_.collect(out, 256 << 10);
    return out;
  }

 private:
  static h2::session_options options() {
    h2::session_options o;
    o.side = h2::role::server;
    return o;
  }
  taker& inner_;
  h2::session session_{options()};
  tunnel_skimmer pieces_;
  h2::stream_id stream_ = 0;
};

bool send_all(int fd, const byte_chain& bytes) {
  const std::string text = bytes.str();  // requests and window updates: little
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t put = ::send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += static_cast<std::size_t>(put);
  }
  return true;
}

double thread_cpu() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

}  // namespace

void message_skimmer::feed(byte_view bytes, const std::function<void(byte_view)>& small) {
  while (!bytes.empty()) {
    if (prefix_.size() < h2grpc::message_prefix_size) {
      const std::size_t n = std::min(h2grpc::message_prefix_size - prefix_.size(), bytes.size());
      prefix_ += as_text(bytes.first(n));
      bytes = bytes.subspan(n);
      if (prefix_.size() < h2grpc::message_prefix_size) return;
      left_ = message_length(prefix_);
      skip_ = left_ > kept;
    }
    const std::size_t n = std::min(left_, bytes.size());
    if (!skip_) body_ += as_text(bytes.first(n));
    bytes = bytes.subspan(n);
    left_ -= n;
    if (left_ > 0) return;
    if (!skip_) small(as_bytes(body_));
    body_.clear();
    prefix_.clear();
  }
}

void tunnel_skimmer::feed(byte_view bytes, const std::function<void(byte_view)>& inside) {
  while (!bytes.empty()) {
    if (left_ == 0) {
      // Prefix, tag of the data field, then the length as a varint.
      head_ += static_cast<char>(bytes.front());
      bytes = bytes.subspan(1);
      if (head_.size() <= h2grpc::message_prefix_size + 1 || (head_.back() & 0x80) != 0) continue;
      for (std::size_t i = head_.size(); i-- > h2grpc::message_prefix_size + 1;)
        left_ = left_ << 7 | static_cast<std::size_t>(head_[i] & 0x7f);
      head_.clear();
      continue;
    }
    const std::size_t n = std::min(left_, bytes.size());
    inside(bytes.first(n));
    bytes = bytes.subspan(n);
    left_ -= n;
  }
}

discarded discard_tree(int fd, bool tunnel, bool contents) {
  discarded found;
  const double before = thread_cpu();
  taker inner(found, contents);
  std::optional<tunnel_end> outer;
  if (tunnel) outer.emplace(inner);
  std::vector<std::byte> buffer(256 << 10);
  while (!inner.done() && found.problem.empty()) {
    while (true) {
      const byte_chain out = outer ? outer->collect() : inner.collect();
      if (out.empty()) break;
      if (!send_all(fd, out)) found.problem = "the sender has gone";
    }
    if (!found.problem.empty()) break;
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (found.problem.empty()) found.problem = "the sender ended early";
      break;
    }
    found.wire_bytes += static_cast<std::uint64_t>(got);
    const byte_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (outer) outer->feed(bytes, found.problem);
    else inner.feed(bytes);
  }
  ::close(fd);
  found.cpu_seconds = thread_cpu() - before;
  return found;
}

}  // namespace peelbox::bench
