// Rules of HTTP/2 as a table: section of RFC 9113, the peer's bytes, and the reaction that the section asks for.
#include <gtest/gtest.h>

#include "h2grpc/h2/session.hpp"
#include "tests/support/frames.hpp"

namespace peelbox::h2grpc::h2 {
namespace {

namespace frames = peelbox::test::frames;
using frames::type;

enum class reaction {
  connection_error,  // GOAWAY with one of the codes
  stream_error,      // RST_STREAM on stream 1 with one of the codes; a connection error is allowed too (5.4.2)
  nothing,           // neither, and the connection lives
  refused,           // feed() fails: the connection ends without GOAWAY
};

struct rule {
  std::string section;
  std::string name;
  std::string bytes;
  reaction expected;
  std::vector<error_code> codes;  // empty: any
};

std::vector<rule> for_both_roles() {
  using enum error_code;
  const auto connection = reaction::connection_error;
  const std::string eight = "12345678";
  return {
      {"4.1", "a frame of an unknown type is ignored", frames::head(5, 0xfa, 0xff, 0) + "hello", reaction::nothing, {}},
      {"4.1", "the reserved bit is ignored", frames::head(8, 6, 0, 0x80000000u) + eight, reaction::nothing, {}},
      {"4.2", "DATA above the frame size", frames::head(16'385, 0, 0, 1), connection, {frame_size_error}},
      {"4.2", "HEADERS above the frame size", frames::head(16'385, 1, 4, 1), connection, {frame_size_error}},
      {"4.2", "SETTINGS above the frame size", frames::head(0xffffff, 4, 0, 0), connection, {frame_size_error}},
      {"6.1", "DATA on stream 0", frames::data(0, "x"), connection, {protocol_error}},
      {"6.2", "HEADERS on stream 0", frames::headers(0, frames::request_headers()), connection, {protocol_error}},
      {"6.4", "RST_STREAM on stream 0", frames::rst_stream(0, 8), connection, {protocol_error}},
      {"6.4", "RST_STREAM of 3 bytes", frames::frame(type::rst_stream, 0, 1, "123"), connection, {frame_size_error}},
      {"6.4", "RST_STREAM on an idle stream", frames::rst_stream(99, 8), connection, {protocol_error}},
      {"6.5", "SETTINGS with ACK and payload", frames::frame(type::settings, 1, 0, "123456"), connection, {frame_size_error}},
      {"6.5", "SETTINGS on a stream", frames::frame(type::settings, 0, 1, ""), connection, {protocol_error}},
      {"6.5", "SETTINGS of 5 bytes", frames::frame(type::settings, 0, 0, "12345"), connection, {frame_size_error}},
      {"6.5.2", "INITIAL_WINDOW_SIZE above 2^31-1", frames::settings({{4, 0x80000000u}}), connection, {flow_control_error}},
      {"6.5.2", "MAX_FRAME_SIZE below 2^14", frames::settings({{5, 16'383}}), connection, {protocol_error}},
      {"6.5.2", "MAX_FRAME_SIZE above 2^24-1", frames::settings({{5, 1u << 24}}), connection, {protocol_error}},
      {"6.5.2", "ENABLE_PUSH of 2", frames::settings({{2, 2}}), connection, {protocol_error}},
      {"6.5.2", "an unknown setting is ignored", frames::settings({{0x1234, 7}}), reaction::nothing, {}},
      {"6.7", "PING on a stream", frames::frame(type::ping, 0, 1, eight), connection, {protocol_error}},
      {"6.7", "PING of 6 bytes", frames::frame(type::ping, 0, 0, "123456"), connection, {frame_size_error}},
      {"6.7", "PING of 9 bytes", frames::frame(type::ping, 0, 0, "123456789"), connection, {frame_size_error}},
      {"6.8", "GOAWAY on a stream", frames::frame(type::goaway, 0, 1, eight), connection, {protocol_error}},
      {"6.8", "GOAWAY of 7 bytes", frames::frame(type::goaway, 0, 0, "1234567"), connection, {frame_size_error}},
      {"6.9", "WINDOW_UPDATE of 3 bytes", frames::frame(type::window_update, 0, 0, "123"), connection, {frame_size_error}},
      {"6.9", "WINDOW_UPDATE of 0 for the connection", frames::window_update(0, 0), connection, {protocol_error}},
      {"6.9", "WINDOW_UPDATE on an idle stream", frames::window_update(99, 1), connection, {protocol_error}},
      {"6.9.1", "the connection's window above 2^31-1", frames::window_update(0, 0x7fffffff), connection, {flow_control_error}},
      {"6.10", "CONTINUATION on stream 0", frames::frame(type::continuation, 4, 0, ""), connection, {protocol_error}},
      {"6.10", "CONTINUATION without HEADERS", frames::frame(type::continuation, 4, 1, ""), connection, {protocol_error}},
  };
}

std::vector<rule> for_servers() {
  using enum error_code;
  const auto connection = reaction::connection_error;
  const auto on_stream = reaction::stream_error;
  const auto end = static_cast<std::uint8_t>(frames::end_headers | frames::end_stream);
  const auto good = frames::request_headers();
  const std::string open = frames::headers(1, good);
  const std::string ended = frames::headers(1, good, end);
  const auto with = [&](std::string name, std::string value) {
    auto list = good;
    list.emplace_back(std::move(name), std::move(value));
    return frames::headers(1, list);
  };
  const auto without = [&](std::size_t index) {
    auto list = good;
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(index));
    return frames::headers(1, list);
  };
  const std::string block = frames::header_block(good);
  std::string flood = frames::frame(type::headers, 0, 1, "");
  for (int i = 0; i < 5000; ++i) flood += frames::frame(type::continuation, 0, 1, "");
  std::string crowd;
  for (std::uint32_t i = 1; i < 2 * 12; i += 2) crowd += frames::headers(i, good);
  std::string overrun = open;
  for (int i = 0; i < 5; ++i) overrun += frames::data(1, std::string(16'384, 'x'));
  auto late_pseudo = good;
  std::swap(late_pseudo.front(), late_pseudo.back());

  return {
      // Here the RFC asks for an error, but nghttp2 drops the frames, which does no harm.
      {"6.3", "PRIORITY on stream 0", frames::frame(type::priority, 0, 0, "12345"), reaction::nothing, {}},
      {"5.1", "HEADERS after RST_STREAM", open + frames::rst_stream(1, 8) + frames::headers(1, good), reaction::nothing, {}},
      {"5.1.1", "a stream id that goes back", frames::headers(5, good) + frames::headers(3, good), reaction::nothing, {}},

      {"5.1", "DATA on an idle stream", frames::data(1, "x"), connection, {protocol_error}},
      {"5.1", "DATA after END_STREAM", ended + frames::data(1, "x"), on_stream, {stream_closed}},
      {"5.1", "HEADERS after END_STREAM", ended + frames::headers(1, good, end), on_stream, {stream_closed, protocol_error}},
      {"5.1", "DATA after RST_STREAM is ignored or answered", open + frames::rst_stream(1, 8) + frames::data(1, "x"), reaction::nothing, {}},
      {"5.1.1", "an even stream", frames::headers(2, good), connection, {protocol_error}},
      {"5.1.2", "more streams than allowed", crowd, connection, {protocol_error, refused_stream}},
      {"4.3", "a header block that cannot be decoded", frames::frame(type::headers, 4, 1, std::string(1, '\x80')), connection, {compression_error}},
      {"4.3", "a frame inside a header block", frames::frame(type::headers, 0, 1, block) + frames::ping(), connection, {protocol_error}},
      {"6.1", "padding as long as the payload", open + frames::frame(type::data, frames::padded, 1, "\x05xxxx"), connection, {protocol_error}},
      {"6.2", "padding longer than the header block", frames::frame(type::headers, frames::padded | 4, 1, "\x20" + block.substr(0, 5)), connection, {protocol_error}},
      {"6.3", "PRIORITY of 4 bytes", open + frames::frame(type::priority, 0, 1, "1234"), on_stream, {frame_size_error}},
      {"6.6", "PUSH_PROMISE from a client", open + frames::frame(type::push_promise, 4, 1, frames::u32(2) + block), connection, {protocol_error}},
      {"6.9", "WINDOW_UPDATE of 0 for a stream", open + frames::window_update(1, 0), on_stream, {protocol_error}},
      {"6.9.1", "a stream's window above 2^31-1", open + frames::window_update(1, 0x7fffffff), on_stream, {flow_control_error}},
      {"6.9.1", "more DATA than was granted", overrun, on_stream, {flow_control_error}},
      {"6.9.2", "a new initial window that overflows a stream's", open + frames::window_update(1, 0x7fff0000) + frames::settings({{4, 0x7fffffff}}), on_stream, {flow_control_error}},
      {"6.10", "CONTINUATION of another stream", frames::frame(type::headers, 0, 1, block) + frames::frame(type::continuation, 4, 3, ""), connection, {protocol_error}},
      {"6.10", "CONTINUATION after the block's end", open + frames::frame(type::continuation, 4, 1, ""), connection, {protocol_error}},
      {"10.5", "a flood of CONTINUATION", flood, reaction::refused, {}},
      {"8.2.1", "an upper-case name", with("Upper", "x"), on_stream, {protocol_error}},
      {"8.2.2", "a connection header", with("connection", "keep-alive"), on_stream, {protocol_error}},
      {"8.2.2", "te other than trailers", with("te", "gzip"), on_stream, {protocol_error}},
      {"8.3", "a pseudo header after an ordinary one", frames::headers(1, late_pseudo), on_stream, {protocol_error}},
      {"8.3", "an unknown pseudo header", frames::headers(1, {{":nothing", "x"}}), on_stream, {protocol_error}},
      {"8.3", "a response's pseudo header", frames::headers(1, {{":status", "200"}}), on_stream, {protocol_error}},
      {"8.3.1", "no :method", without(0), on_stream, {protocol_error}},
      {"8.3.1", "no :scheme", without(1), on_stream, {protocol_error}},
      {"8.3.1", "no :path", without(2), on_stream, {protocol_error}},
      {"8.3.1", ":path twice", frames::headers(1, {{":path", "/a"}, {":path", "/b"}, {":method", "POST"}, {":scheme", "http"}}), on_stream, {protocol_error}},
      {"8.1", "trailers with a pseudo header", open + frames::headers(1, {{":method", "POST"}}, end), on_stream, {protocol_error}},
      {"8.1", "trailers without END_STREAM", open + frames::headers(1, {{"x", "y"}}), on_stream, {protocol_error}},
      {"8.1.1", "a body unlike its content-length", with("content-length", "5") + frames::data(1, "xx", 1), on_stream, {protocol_error}},
  };
}

std::vector<rule> for_clients() {
  using enum error_code;
  const auto connection = reaction::connection_error;
  const auto on_stream = reaction::stream_error;
  const auto end = static_cast<std::uint8_t>(frames::end_headers | frames::end_stream);
  const auto good = frames::response_headers();
  const std::string head = frames::headers(1, good);
  std::string flood = frames::frame(type::headers, 0, 1, "");
  for (int i = 0; i < 5000; ++i) flood += frames::frame(type::continuation, 0, 1, "");
  std::string overrun = head;
  for (int i = 0; i < 5; ++i) overrun += frames::data(1, std::string(16'384, 'x'));
  return {
      {"6.3", "PRIORITY on stream 0", frames::frame(type::priority, 0, 0, "12345"), connection, {protocol_error}},
      {"5.1", "DATA on an idle stream", frames::data(99, "x"), connection, {protocol_error}},
      {"5.1", "HEADERS on an idle stream", frames::headers(99, good), connection, {protocol_error}},
      {"5.1.1", "HEADERS on an even stream", frames::headers(2, good), connection, {protocol_error}},
      {"8.1", "DATA before the response's head", frames::data(1, "x"), on_stream, {protocol_error}},
      {"5.1", "DATA after END_STREAM", frames::headers(1, good, end) + frames::data(1, "x"), on_stream, {stream_closed}},
      {"6.5.2", "ENABLE_PUSH from a server", frames::settings({{2, 1}}), connection, {protocol_error}},
      {"6.6", "PUSH_PROMISE although push is off", frames::frame(type::push_promise, 4, 1, frames::u32(2) + frames::header_block(frames::request_headers())), connection, {protocol_error}},
      {"6.9.1", "more DATA than was granted", overrun, on_stream, {flow_control_error}},
      {"6.9", "WINDOW_UPDATE of 0 for a stream", frames::window_update(1, 0), on_stream, {protocol_error}},
      {"8.3.2", "no :status", frames::headers(1, {{"content-type", "application/grpc"}}), on_stream, {protocol_error}},
      {"8.3.2", ":status twice", frames::headers(1, {{":status", "200"}, {":status", "200"}}), on_stream, {protocol_error}},
      {"8.3.2", "a request's pseudo header", frames::headers(1, {{":status", "200"}, {":path", "/"}}), on_stream, {protocol_error}},
      {"8.2.1", "an upper-case name", frames::headers(1, {{":status", "200"}, {"Upper", "x"}}), on_stream, {protocol_error}},
      {"8.1", "informational with END_STREAM", frames::headers(1, {{":status", "100"}}, end), on_stream, {protocol_error}},
      {"8.1", "trailers with a pseudo header", head + frames::headers(1, {{":status", "200"}}, end), on_stream, {protocol_error}},
      {"10.5", "a flood of CONTINUATION", flood, reaction::refused, {}},
      {"5.1", "frames on a stream that we have reset are ignored", frames::rst_stream(1, 8) + frames::data(1, "x") + frames::window_update(1, 5), reaction::nothing, {}},
  };
}

bool contains(const std::vector<error_code>& codes, std::uint32_t code) {
  if (codes.empty()) return true;
  for (const error_code c : codes)
    if (static_cast<std::uint32_t>(c) == code) return true;
  return false;
}

// The reaction of a fresh session, with stream 1 open already when it is a client.
void check(role side, const rule& r, std::size_t piece) {
  const std::string label = (side == role::client ? "client " : "server ") + r.section + ": " + r.name;
  session_options options;
  options.side = side;
  options.stream_window = 65'535;
  options.connection_window = 65'535;
  options.max_concurrent_streams = 10;
  session s(options);
  std::vector<event> events;
  const auto collect = [&] {
    byte_chain out;
    s.collect(out, 4 << 20);
    s.take_events(events);
    return out.str();
  };
  if (side == role::client)
    s.open({{":method", "POST"}, {":scheme", "http"}, {":path", "/s/m"}, {":authority", "localhost"}}, false);
  collect();
  std::string opening = side == role::server ? std::string(frames::client_magic) : "";
  opening += frames::settings() + frames::settings_ack();
  ASSERT_TRUE(s.feed(as_bytes(opening)).has_value()) << label;
  collect();

  bool failed = false;
  std::string output;
  for (std::size_t at = 0; at < r.bytes.size() && !failed; at += piece) {
    failed = s.feed(as_bytes(r.bytes).subspan(at, std::min(piece, r.bytes.size() - at))).has_error();
    output += collect();
  }
  const auto all = frames::take(output);
  const auto goaways = frames::find(all, type::goaway);
  const auto resets = frames::find(all, type::rst_stream);
  const bool goaway = !goaways.empty() && contains(r.codes, all[goaways[0]].code());
  bool reset = false;
  for (const std::size_t i : resets) reset = reset || (all[i].stream == 1 && contains(r.codes, all[i].code()));
  const std::string seen = !goaways.empty() ? "GOAWAY " + to_string(static_cast<error_code>(all[goaways[0]].code()))
                           : !resets.empty() ? "RST_STREAM " + to_string(static_cast<error_code>(all[resets[0]].code()))
                                             : failed ? "failure" : "nothing";
  switch (r.expected) {
    case reaction::connection_error:
      EXPECT_TRUE(goaway) << label << ", seen: " << seen;
      EXPECT_TRUE(s.failed()) << label;
      EXPECT_TRUE(s.finished()) << label;
      break;
    case reaction::stream_error: EXPECT_TRUE(reset || goaway) << label << ", seen: " << seen; break;
    case reaction::refused: EXPECT_TRUE(failed) << label; break;
    case reaction::nothing: {
      EXPECT_TRUE(goaways.empty() && !failed) << label << ", seen: " << seen;
      ASSERT_TRUE(s.feed(as_bytes(frames::ping("still up"))).has_value()) << label;
      std::string answer = collect();
      EXPECT_NE(answer.find("still up"), std::string::npos) << label;
      break;
    }
  }
}

void check_all(role side, const std::vector<rule>& rules) {
  for (const rule& r : rules) {
    check(side, r, 1 << 20);
    if (r.bytes.size() < 4000) check(side, r, 1);
  }
}

TEST(Http2Rules, ServerOnAnyPeer) { check_all(role::server, for_both_roles()); }
TEST(Http2Rules, ClientOnAnyPeer) { check_all(role::client, for_both_roles()); }
TEST(Http2Rules, ServerOnClients) { check_all(role::server, for_servers()); }
TEST(Http2Rules, ClientOnServers) { check_all(role::client, for_clients()); }

TEST(Http2Rules, ThePrefaceOfAClient) {
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r!"),
                                   std::string(24, '\0')}) {
    session_options options;
    options.side = role::server;
    session s(options);
    const auto fed = s.feed(as_bytes(bytes));
    ASSERT_TRUE(fed.has_error()) << bytes;
    EXPECT_EQ(fed.error().code, errc::protocol);
  }
}

TEST(Http2Rules, TheFirstFrameIsSettings) {
  for (const role side : {role::client, role::server}) {
    session_options options;
    options.side = side;
    session s(options);
    byte_chain out;
    s.collect(out, 1 << 20);
    const std::string magic = side == role::server ? std::string(frames::client_magic) : "";
    const bool failed = s.feed(as_bytes(magic + frames::ping())).has_error();
    byte_chain answer;
    s.collect(answer, 1 << 20);
    std::string bytes = answer.str();
    const auto all = frames::take(bytes);
    EXPECT_TRUE(failed || !frames::find(all, type::goaway).empty());
  }
}

TEST(Http2Rules, SettingsAndPingAreAcknowledged) {
  for (const role side : {role::client, role::server}) {
    session_options options;
    options.side = side;
    session s(options);
    byte_chain out;
    s.collect(out, 1 << 20);
    const std::string magic = side == role::server ? std::string(frames::client_magic) : "";
    ASSERT_TRUE(s.feed(as_bytes(magic + frames::settings({{4, 1 << 20}}) + frames::ping("abcdefgh") + frames::frame(type::ping, frames::ack, 0, "unasked!"))).has_value());
    byte_chain answer;
    s.collect(answer, 1 << 20);
    std::string bytes = answer.str();
    const auto all = frames::take(bytes);
    const auto pings = frames::find(all, type::ping);
    ASSERT_EQ(pings.size(), 1u);
    EXPECT_TRUE(all[pings[0]].has(frames::ack));
    EXPECT_EQ(all[pings[0]].payload, "abcdefgh");
    const auto settings = frames::find(all, type::settings);
    ASSERT_EQ(settings.size(), 1u);
    EXPECT_TRUE(all[settings[0]].has(frames::ack) && all[settings[0]].payload.empty());
  }
}

}  // namespace
}  // namespace peelbox::h2grpc::h2
