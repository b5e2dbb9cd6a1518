// Two sessions back to back.
#include <gtest/gtest.h>

#include "tests/support/frames.hpp"
#include "tests/unit/h2grpc/h2/peer.hpp"

namespace peelbox::h2grpc::h2::test {
namespace {

namespace frames = peelbox::test::frames;

std::string pattern(std::size_t size, unsigned seed) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + seed + i / 251);
  return text;
}

struct pair_of_sessions {
  explicit pair_of_sessions(session_options c = options_for(role::client), session_options s = options_for(role::server))
      : client(c), server(s) {}
  peer client;
  peer server;
};

TEST(Session, CarriesBodiesAndTrailersAtRandomPieceSizes) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    pair_of_sessions p;
    wire w(p.client, p.server, seed, seed % 3 == 0 ? 7 : seed % 3 == 1 ? 400 : 1 << 16);
    std::map<stream_id, std::string> up;
    for (unsigned i = 0; i < 5; ++i) {
      const stream_id id = p.client.session.open(request("/s/m" + std::to_string(i)), i == 2);
      ASSERT_EQ(id, static_cast<stream_id>(2 * i + 1));
      up[id] = pattern(i * (seed % 3 == 0 ? 500 : 70'000), i);
      for (std::size_t at = 0; at < up[id].size(); at += 33'000)
        p.client.session.write(id, chain_of(up[id].substr(at, 33'000)));
      p.client.session.end(id);
    }
    w.run();
    ASSERT_EQ(p.server.opened.size(), 5u);
    for (const auto& [id, text] : up) {
      ASSERT_EQ(p.server.streams[id].data, text) << seed << " " << id;
      ASSERT_TRUE(p.server.streams[id].ended);
      EXPECT_EQ(*find(p.server.streams[id].heads[0], ":path"), "/s/m" + std::to_string(id / 2));
      p.server.session.respond(id, response(), false);
      p.server.session.write(id, chain_of("answer " + text));
      p.server.session.end(id, {{"grpc-status", "0"}});
    }
    w.run();
    for (const auto& [id, text] : up) {
      auto& s = p.client.streams[id];
      ASSERT_EQ(s.data, "answer " + text);
      ASSERT_EQ(s.heads.size(), 2u);
      EXPECT_EQ(*find(s.heads[1], "grpc-status"), "0");
      EXPECT_EQ(s.closed, error_code::no_error);
      EXPECT_EQ(p.server.streams[id].closed, error_code::no_error);
    }
    EXPECT_EQ(p.client.session.streams(), 0u);
    EXPECT_EQ(p.server.session.streams(), 0u);
  }
}

TEST(Session, TheServersFirstFrameIsSettingsAndSoIsTheClientsAfterTheMagic) {
  for (const role side : {role::server, role::client}) {
    peer p(options_for(side));
    std::string bytes = p.collect();
    EXPECT_EQ(bytes.starts_with(frames::client_magic), side == role::client);
    const auto all = frames::take(bytes);
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all[0].kind, frames::type::settings);
    EXPECT_FALSE(all[0].has(frames::ack));
    EXPECT_TRUE(frames::find(all, frames::type::ping).empty());
  }
}

TEST(Session, DataFramesCarryAtMost16KiBWhateverThePeerAllows) {
  peer client(options_for(role::client));
  client.collect();
  // MAX_FRAME_SIZE 1 MiB and large windows.
  ASSERT_TRUE(client.feed(as_bytes(frames::settings({{5, 1 << 20}, {4, 1 << 30}}))).has_value());
  ASSERT_TRUE(client.feed(as_bytes(frames::window_update(0, 1 << 30))).has_value());
  const stream_id id = client.session.open(request(), false);
  client.session.write(id, chain_of(std::string(1 << 20, 'x')));
  client.session.end(id);
  std::string bytes = client.collect(4 << 20);
  std::size_t total = 0;
  const auto all = frames::take(bytes);
  for (const std::size_t i : frames::find(all, frames::type::data)) {
    EXPECT_LE(all[i].payload.size(), 16'384u);
    total += all[i].payload.size();
  }
  EXPECT_EQ(total, std::size_t{1} << 20);
  EXPECT_TRUE(all.back().has(frames::end_stream));
}

TEST(Session, ManySmallWritesShareFullFrames) {
  peer client(options_for(role::client));
  client.collect();
  ASSERT_TRUE(client.feed(as_bytes(frames::settings({{4, 1 << 30}}))).has_value());
  ASSERT_TRUE(client.feed(as_bytes(frames::window_update(0, 1 << 30))).has_value());
  const stream_id id = client.session.open(request(), false);
  client.collect();
  for (int i = 0; i < 100'000; ++i) {
    client.session.write_copy(id, as_bytes("\0\0\0\0\x5"));
    client.session.write(id, chain_of("small"));
  }
  client.session.end(id);
  std::string bytes = client.collect(64 << 20);
  const auto data = frames::find(frames::take(bytes), frames::type::data);
  // 100k messages of 9 or 10 bytes: about 61 full frames.
  EXPECT_LE(data.size(), 64u);
  EXPECT_LE(data.size(), 100'000u * 10 / 16'384 + 2);
}

TEST(Session, PayloadIsNotCopied) {
  pair_of_sessions p;
  wire(p.client, p.server).run();
  const stream_id id = p.client.session.open(request(), false);
  const byte_slice block = byte_slice::of(std::string(1 << 20, 'x'));
  constexpr std::size_t total = 64 << 20;
  const auto before = byte_chain::copied_bytes();
  std::size_t queued = 0;
  std::size_t received = 0;
  while (received < total) {
    if (queued < total && p.client.session.queued(id) < (4 << 20)) {
      p.client.session.write(id, byte_chain(block));
      queued += block.size();
    }
    byte_chain out;
    p.client.session.collect(out, 256 << 10);
    for (const byte_slice& slice : out.slices()) {
      // Slices of payload are those that were queued, not copies of them.
      const bool queued_slice =
          slice.data() >= block.data() && slice.data() + slice.size() <= block.data() + block.size();
      EXPECT_TRUE(slice.size() <= 1000 || queued_slice);
      ASSERT_TRUE(p.server.feed(slice.view()).has_value());
    }
    received = p.server.streams[id].data.size();
    ASSERT_TRUE(p.client.feed(as_bytes(p.server.collect())).has_value());
  }
  EXPECT_LT(byte_chain::copied_bytes() - before, total / 100);
}

TEST(Session, WindowsAreGrantedAsConfiguredAndReturnedOnConsume) {
  session_options s = options_for(role::server);
  s.stream_window = 100'000;
  s.connection_window = 1 << 20;
  pair_of_sessions p(options_for(role::client), s);
  p.server.consumes = false;
  wire w(p.client, p.server);
  w.run();
  const stream_id slow = p.client.session.open(request(), false);
  p.client.session.write(slow, chain_of(std::string(500'000, 'a')));
  w.run();
  EXPECT_EQ(p.server.streams[slow].data.size(), 100'000u);
  EXPECT_EQ(p.client.session.queued(slow), 400'000u);
  // Another stream is not stopped by it, even for more than the connection's window.
  const stream_id other = p.client.session.open(request(), false);
  std::size_t taken = 0;
  p.client.session.write(other, chain_of(std::string(3 << 20, 'b')));
  for (int i = 0; i < 200 && p.server.streams[other].data.size() < (3 << 20); ++i) {
    w.run();
    const std::size_t now = p.server.streams[other].data.size();
    p.server.session.consume(other, now - taken);
    taken = now;
  }
  EXPECT_EQ(p.server.streams[other].data.size(), std::size_t{3} << 20);
  EXPECT_EQ(p.server.streams[slow].data.size(), 100'000u);
  p.server.session.consume(slow, 100'000);
  w.run();
  EXPECT_EQ(p.server.streams[slow].data.size(), 200'000u);
}

TEST(Session, WorksThroughTheSmallestWindows) {
  session_options s = options_for(role::server);
  s.stream_window = 1;
  pair_of_sessions p(options_for(role::client), s);
  wire w(p.client, p.server, 3, 50);
  const stream_id id = p.client.session.open(request(), false);
  const std::string text = pattern(3000, 1);
  p.client.session.write(id, chain_of(text));
  p.client.session.end(id);
  w.run();
  EXPECT_EQ(p.server.streams[id].data, text);
  EXPECT_TRUE(p.server.streams[id].ended);
}

TEST(Session, AcknowledgesPingAndSettingsBeforeQueuedData) {
  for (const role side : {role::client, role::server}) {
    pair_of_sessions p;
    wire w(p.client, p.server);
    w.run();
    const stream_id id = p.client.session.open(request(), false);
    w.run();
    peer& sender = side == role::client ? p.client : p.server;
    if (side == role::server) p.server.session.respond(id, response(), false);
    sender.session.write(id, chain_of(std::string(8 << 20, 'x')));
    constexpr std::size_t budget = 64 << 10;
    std::string first = sender.collect(budget);
    EXPECT_LE(first.size(), budget + 16'384 + 9);
    ASSERT_TRUE(sender.feed(as_bytes(frames::ping("abcdefgh"))).has_value());
    ASSERT_TRUE(sender.feed(as_bytes(frames::settings())).has_value());
    std::string next = sender.collect(budget);
    const auto all = frames::take(next);
    const auto ping = frames::find(all, frames::type::ping);
    const auto settings = frames::find(all, frames::type::settings);
    ASSERT_EQ(ping.size(), 1u);
    ASSERT_EQ(settings.size(), 1u);
    // At most the frame that was begun before stands in front.
    EXPECT_LE(ping[0], 2u);
    EXPECT_LE(settings[0], 2u);
    EXPECT_EQ(all[ping[0]].payload, "abcdefgh");
    EXPECT_TRUE(all[ping[0]].has(frames::ack));
  }
}

TEST(Session, UrgentStreamsGoAheadOfBulkData) {
  for (const role side : {role::client, role::server}) {
    session_options wide_client = options_for(role::client), wide_server = options_for(role::server);
    wide_client.stream_window = wide_server.stream_window = 16 << 20;
    pair_of_sessions p(wide_client, wide_server);
    wire w(p.client, p.server);
    w.run();
    peer& sender = side == role::client ? p.client : p.server;
    std::vector<stream_id> bulk;
    for (int i = 0; i < 3; ++i) {
      bulk.push_back(p.client.session.open(request(), false));
      w.run();
      if (side == role::server) p.server.session.respond(bulk.back(), response(), false);
      sender.session.write(bulk.back(), chain_of(std::string(4 << 20, 'x')));
    }
    constexpr std::size_t budget = 128 << 10;
    sender.collect(budget);
    const stream_id health = p.client.session.open(request("/grpc.health.v1.Health/Check"), true);
    if (side == role::server) {
      ASSERT_TRUE(p.server.feed(as_bytes(p.client.collect())).has_value());
      p.server.session.set_urgent(health);
      p.server.session.respond(health, response(), false);
    }
    sender.session.write(health, chain_of("small"));
    if (side == role::server) sender.session.end(health, {{"grpc-status", "0"}});
    else sender.session.end(health);
    std::string bytes = sender.collect(budget);
    const auto all = frames::take(bytes);
    std::size_t bulk_before = 0;
    bool reply_seen = false;
    bool end_seen = false;
    for (const auto& f : all) {
      if (f.stream == static_cast<std::uint32_t>(health)) {
        reply_seen = reply_seen || f.payload == "small";
        end_seen = end_seen || f.has(frames::end_stream);
      } else if (!end_seen && f.kind == frames::type::data) {
        bulk_before += f.payload.size();
      }
    }
    EXPECT_TRUE(reply_seen);
    EXPECT_TRUE(end_seen);
    EXPECT_LE(bulk_before, 3u * 16'384) << "role " << static_cast<int>(side);
  }
}

TEST(Session, BulkStreamsShareFrameByFrame) {
  for (const role side : {role::client, role::server}) {
    session_options wide_client = options_for(role::client), wide_server = options_for(role::server);
    wide_client.stream_window = wide_server.stream_window = 16 << 20;
    pair_of_sessions p(wide_client, wide_server);
    wire w(p.client, p.server);
    std::vector<stream_id> ids{p.client.session.open(request(), false), p.client.session.open(request(), false)};
    w.run();
    peer& sender = side == role::client ? p.client : p.server;
    for (const stream_id id : ids) {
      if (side == role::server) p.server.session.respond(id, response(), false);
      sender.session.write(id, chain_of(std::string(4 << 20, 'x')));
    }
    std::string bytes = sender.collect(512 << 10);
    std::map<std::uint32_t, std::size_t> share;
    for (const auto& f : frames::take(bytes))
      if (f.kind == frames::type::data) share[f.stream] += f.payload.size();
    ASSERT_EQ(share.size(), 2u);
    for (const auto& [id, size] : share) EXPECT_GE(size, 200'000u) << id;
  }
}

TEST(Session, ResetsCarryTheirCodeAndTheSide) {
  pair_of_sessions p;
  wire w(p.client, p.server);
  const stream_id a = p.client.session.open(request(), false);
  const stream_id b = p.client.session.open(request(), false);
  w.run();
  p.client.session.write(a, chain_of(std::string(1000, 'x')));
  p.client.session.reset(a, error_code::cancel);
  p.server.session.reset(b, error_code::refused_stream);
  w.run();
  EXPECT_EQ(p.server.streams[a].closed, error_code::cancel);
  EXPECT_TRUE(p.server.streams[a].closed_by_peer);
  EXPECT_EQ(p.client.streams[a].closed, error_code::cancel);
  EXPECT_FALSE(p.client.streams[a].closed_by_peer);
  EXPECT_EQ(p.client.streams[b].closed, error_code::refused_stream);
  EXPECT_TRUE(p.client.streams[b].closed_by_peer);
  EXPECT_TRUE(p.server.streams[a].data.empty());
  // Everything on a stream that is gone is a no-op.
  p.client.session.write(a, chain_of("late"));
  p.client.session.end(a);
  p.client.session.reset(a, error_code::cancel);
  p.client.session.consume(a, 5);
  EXPECT_EQ(p.client.session.queued(a), 0u);
  w.run();
}

TEST(Session, ARequestResetBeforeItWasSentIsNeverSeen) {
  pair_of_sessions p;
  const stream_id id = p.client.session.open(request(), false);
  p.client.session.reset(id, error_code::cancel);
  wire(p.client, p.server).run();
  EXPECT_EQ(p.client.streams[id].closed, error_code::cancel);
  EXPECT_TRUE(p.server.opened.empty());
  EXPECT_EQ(p.client.session.streams(), 0u);
}

TEST(Session, AnAnswerBeforeTheRequestsEndFreesTheStream) {
  for (const bool trailers_only : {true, false}) {
    pair_of_sessions p;
    wire w(p.client, p.server);
    const stream_id id = p.client.session.open(request(), false);
    p.client.session.write(id, chain_of("never ended"));
    w.run();
    if (trailers_only) {
      p.server.session.respond(id, response(), true);
    } else {
      p.server.session.respond(id, response(), false);
      p.server.session.write(id, chain_of("reply"));
      p.server.session.end(id, {{"grpc-status", "0"}});
    }
    w.run();
    EXPECT_TRUE(p.client.streams[id].ended);
    EXPECT_EQ(p.client.streams[id].closed, error_code::no_error);
    EXPECT_EQ(p.server.session.streams(), 0u);
    EXPECT_EQ(p.client.session.streams(), 0u);
  }
}

TEST(Session, GoAwayLetsStreamsEndAndThenBothAreFinished) {
  pair_of_sessions p;
  wire w(p.client, p.server);
  const stream_id id = p.client.session.open(request(), false);
  w.run();
  p.server.session.go_away(error_code::no_error, "bye");
  w.run();
  ASSERT_TRUE(p.client.goaway);
  EXPECT_EQ(p.client.goaway->debug, "bye");
  EXPECT_FALSE(p.client.session.finished());
  EXPECT_FALSE(p.server.session.finished());
  // A new request is not sent but ended as refused.
  const stream_id late = p.client.session.open(request(), false);
  if (late > 0) {
    w.run();
    EXPECT_EQ(p.client.streams[late].closed, error_code::refused_stream);
  }
  p.client.session.end(id);
  p.server.session.respond(id, response(), true);
  w.run();
  EXPECT_TRUE(p.client.session.finished());
  EXPECT_TRUE(p.server.session.finished());
}

TEST(Session, ARequestBeyondThePeersLimitWaitsForItsTurn) {
  session_options s = options_for(role::server);
  s.max_concurrent_streams = 1;
  pair_of_sessions p(options_for(role::client), s);
  wire w(p.client, p.server);
  w.run();
  const stream_id first = p.client.session.open(request(), false);
  const stream_id second = p.client.session.open(request(), false);
  p.client.session.end(first);
  p.client.session.end(second);
  w.run();
  EXPECT_EQ(p.server.opened, std::vector<stream_id>{first});
  p.server.session.respond(first, response(), true);
  w.run();
  EXPECT_EQ(p.server.opened, (std::vector<stream_id>{first, second}));
}

TEST(Session, LargeHeadersPassBothWaysAndTooLargeOnesResetTheStream) {
  pair_of_sessions p;
  wire w(p.client, p.server);
  // nghttp2 takes at most 64 KiB per field; a list may be much longer.
  const auto many = [](header_list list) {
    for (int i = 0; i < 30; ++i) list.push_back({"x-pattern", std::string(60'000, static_cast<char>('a' + i % 26))});
    return list;
  };
  const stream_id id = p.client.session.open(many(request()), false);
  p.client.session.end(id);
  w.run();
  ASSERT_EQ(p.server.opened.size(), 1u);
  EXPECT_EQ(p.server.streams[id].heads[0].size(), request().size() + 30);
  p.server.session.respond(id, response(), false);
  p.server.session.end(id, many({{"grpc-status", "2"}}));
  w.run();
  EXPECT_EQ(p.client.streams[id].heads.at(1).size(), 31u);
  EXPECT_EQ(p.client.streams[id].heads.at(1).back().value, std::string(60'000, 'd'));

  session_options strict = options_for(role::server);
  strict.max_header_bytes = 10'000;
  pair_of_sessions q(options_for(role::client), strict);
  wire w2(q.client, q.server);
  header_list large = request();
  large.push_back({"x", std::string(12'000, 'p')});
  const stream_id refused = q.client.session.open(large, false);
  w2.run();
  EXPECT_TRUE(q.server.opened.empty());
  EXPECT_EQ(q.client.streams[refused].closed, error_code::internal_error);
  // The connection lives on.
  const stream_id next = q.client.session.open(request(), false);
  w2.run();
  EXPECT_EQ(q.server.opened, std::vector<stream_id>{next});
}

TEST(Session, InformationalResponsesAreLeftOut) {
  peer client(options_for(role::client));
  client.collect();
  const stream_id id = client.session.open(request(), false);
  client.collect();
  ASSERT_TRUE(client.feed(as_bytes(frames::settings())).has_value());
  ASSERT_TRUE(client.feed(as_bytes(frames::headers(1, {{":status", "103"}}))).has_value());
  EXPECT_TRUE(client.streams[id].heads.empty());
  ASSERT_TRUE(client.feed(as_bytes(frames::headers(1, frames::response_headers()))).has_value());
  EXPECT_EQ(client.streams[id].heads.size(), 1u);
}

TEST(Session, ValuesWithOuterBlanksArriveAsTheyWereSent) {
  // grpc-go escapes no blanks: the end of a status message, file names in metadata.
  const std::vector<std::string> values{"failed to solve: unexpected status: ", " lead", "\tboth\t ", " ", ""};
  pair_of_sessions p;
  wire w(p.client, p.server);
  const auto with = [&values](header_list list) {
    for (const std::string& value : values) list.push_back({"x-name", value});
    return list;
  };
  const stream_id id = p.client.session.open(with(request()), false);
  p.client.session.end(id);
  w.run();
  ASSERT_EQ(p.server.opened.size(), 1u);
  p.server.session.respond(id, with(response()), false);
  p.server.session.end(id, with({{"grpc-status", "2"}}));
  w.run();
  ASSERT_EQ(p.client.streams[id].heads.size(), 2u);
  for (const header_list& list : {p.server.streams[id].heads[0], p.client.streams[id].heads[0], p.client.streams[id].heads[1]})
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(list[list.size() - values.size() + i].value, values[i]);
}

TEST(Session, TheGoodbyeOfGrpcGosClientsIsOrderly) {
  peer server(options_for(role::server));
  const std::string hello = std::string(frames::client_magic) + frames::settings() + frames::headers(1, frames::request_headers());
  ASSERT_TRUE(server.feed(as_bytes(hello)).has_value());
  ASSERT_TRUE(server.feed(as_bytes(frames::goaway(0x7fffffff, 0))).has_value());
  ASSERT_TRUE(server.feed(as_bytes(frames::goaway(1, 0, "client transport shutdown"))).has_value());
  server.session.respond(1, response(), true);
  std::string said = server.collect();
  EXPECT_FALSE(server.session.failed());
  ASSERT_TRUE(server.goaway);
  EXPECT_EQ(server.goaway->debug, "client transport shutdown");
  const auto all = frames::take(said);
  EXPECT_TRUE(frames::find(all, frames::type::goaway).empty());
  EXPECT_EQ(frames::find(all, frames::type::headers).size(), 1u);
}

TEST(Session, HeadersOfAllStreamsShareOneBudget) {
  // A name and value of 4000 bytes in the table, then one byte for each copy of them: 16 KB become 64 MB.
  session_options o = options_for(role::server);
  o.max_headers_held = 4 << 20;
  peer server(o);
  const std::string base = frames::header_block(frames::request_headers());
  const std::string literal = std::string("\x40\x01x\x7f", 4) + "\xa1\x1e" + std::string(4000, 'v');
  ASSERT_TRUE(server.feed(as_bytes(std::string(frames::client_magic) + frames::settings())).has_value());
  const auto ask = [&](std::uint32_t id, const std::string& first, std::size_t copies) {
    const auto end = static_cast<std::uint8_t>(frames::end_headers);
    const std::string block = base + first + std::string(copies, '\xbe');
    ASSERT_TRUE(server.feed(as_bytes(frames::frame(frames::type::headers, end, id, block))).has_value());
  };
  ask(1, literal, 500);  // 2 MB
  for (std::uint32_t id = 3; id < 200; id += 2) ask(id, "", 800);
  std::string said = server.collect();
  EXPECT_FALSE(server.session.failed());
  ASSERT_EQ(server.opened, std::vector<stream_id>{1}) << "the others would have been too much";
  for (const auto& f : frames::take(said))
    if (f.kind == frames::type::rst_stream) {
      EXPECT_EQ(f.code(), static_cast<std::uint32_t>(error_code::enhance_your_calm));
    }
  EXPECT_EQ(server.streams[3].closed, error_code::enhance_your_calm);
  EXPECT_FALSE(server.streams[3].closed_by_peer);
  EXPECT_NE(server.streams[3].why.find("4 MiB"), std::string::npos);

  // The table is in order, and what has ended counts no more.
  server.session.respond(1, response(), true);
  (void)server.collect();
  (void)server.collect();
  server.note();
  ask(201, "", 800);
  EXPECT_EQ(server.opened, (std::vector<stream_id>{1, 201}));
  EXPECT_EQ(server.streams[201].heads[0].back().value, std::string(4000, 'v'));
}

TEST(Session, AProbeIsSettingsThatThePeerAcknowledges) {
  pair_of_sessions p;
  wire w(p.client, p.server);
  w.run();
  EXPECT_FALSE(p.client.session.wants_write());
  p.client.session.probe();
  std::string asked = p.client.collect();
  const std::string copy = asked;
  const auto frames_asked = frames::take(asked);
  ASSERT_EQ(frames_asked.size(), 1u);
  EXPECT_EQ(frames_asked[0].kind, frames::type::settings);
  EXPECT_TRUE(frames_asked[0].payload.empty());
  ASSERT_TRUE(p.server.feed(as_bytes(copy)).has_value());
  std::string answer = p.server.collect();
  EXPECT_EQ(answer, frames::settings_ack());
  ASSERT_TRUE(p.client.feed(as_bytes(answer)).has_value());
  EXPECT_FALSE(p.client.session.wants_write());
}

TEST(Session, TheConnectionsWindowCanBeHeldBack) {
  session_options o = options_for(role::server);
  o.connection_window = 65'535;
  peer server(o);
  server.consumes = false;
  const std::string hello = std::string(frames::client_magic) + frames::settings() + frames::headers(1, frames::request_headers());
  ASSERT_TRUE(server.feed(as_bytes(hello)).has_value());
  (void)server.collect();
  const auto returned = [&server] {
    std::string said = server.collect();
    std::size_t count = 0;
    for (const auto& f : frames::take(said)) count += f.kind == frames::type::window_update && f.stream == 0 ? 1 : 0;
    return count;
  };
  const std::string most = frames::data(1, std::string(16'000, 'x')) + frames::data(1, std::string(16'000, 'x')) +
                           frames::data(1, std::string(16'000, 'x'));
  server.session.hold_connection_window(true);
  ASSERT_TRUE(server.feed(as_bytes(most)).has_value());
  EXPECT_EQ(returned(), 0u);
  server.session.hold_connection_window(false);
  EXPECT_EQ(returned(), 1u);
  ASSERT_TRUE(server.feed(as_bytes(most)).has_value());
  EXPECT_EQ(returned(), 1u);
}

TEST(Session, CountsWhatAllStreamsHaveQueued) {
  pair_of_sessions p;
  const stream_id a = p.client.session.open(request(), false);
  const stream_id b = p.client.session.open(request(), false);
  p.client.session.write(a, chain_of(std::string(1000, 'x')));
  p.client.session.write_copy(b, as_bytes("12345"));
  EXPECT_EQ(p.client.session.queued(), 1005u);
  wire(p.client, p.server).run();
  EXPECT_EQ(p.client.session.queued(), 0u);
  p.client.session.write_copy(b, as_bytes("12345"));
  EXPECT_EQ(p.client.session.queued(), 5u);
  p.client.session.reset(b, error_code::cancel);
  wire(p.client, p.server).run();
  EXPECT_EQ(p.client.session.queued(), 0u);
}

TEST(Session, ManyResetsOfThePeerAreNormal) {
  pair_of_sessions p;
  wire w(p.client, p.server);
  for (int i = 0; i < 3000; ++i) {
    const stream_id id = p.client.session.open(request(), false);
    w.run();
    p.client.session.reset(id, error_code::cancel);
    w.run();
  }
  EXPECT_FALSE(p.client.goaway);
  EXPECT_FALSE(p.server.session.failed());
}

}  // namespace
}  // namespace peelbox::h2grpc::h2::test
