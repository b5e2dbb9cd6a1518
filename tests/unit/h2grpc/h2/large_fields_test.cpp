#include "h2grpc/h2/large_fields.hpp"

#include <gtest/gtest.h>

#include "tests/support/frames.hpp"
#include "tests/unit/h2grpc/h2/peer.hpp"

namespace peelbox::h2grpc::h2::test {
namespace {

namespace frames = peelbox::test::frames;

// A header block as HEADERS and CONTINUATION frames.
std::string block_frames(std::uint32_t stream, const std::string& block, std::uint8_t flags, std::size_t piece = 16'384) {
  std::string out;
  for (std::size_t at = 0; at < block.size(); at += piece) {
    const bool last = at + piece >= block.size();
    const auto end = static_cast<std::uint8_t>(last ? frames::end_headers : 0);
    if (at == 0) out += frames::frame(frames::type::headers, static_cast<std::uint8_t>(flags | end), stream, block.substr(0, piece));
    else out += frames::frame(frames::type::continuation, end, stream, block.substr(at, piece));
  }
  return out;
}

std::string run_filter(large_fields& filter, std::string_view bytes, std::size_t piece) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    byte_view in = as_bytes(bytes.substr(at, piece));
    while (!in.empty()) out += as_text(filter.next(in));
  }
  return out;
}

TEST(LargeFields, OrdinaryBytesPassUnchangedAtEveryPieceSize) {
  auto list = frames::request_headers();
  std::string bytes = frames::settings({{4, 70'000}}) + frames::headers(1, list) + frames::data(1, std::string(500, 'd')) +
                      frames::ping() + block_frames(3, frames::header_block(list), 0, 20) + frames::data(3, "") +
                      frames::rst_stream(3, 8);
  for (std::size_t piece = 1; piece < 60; ++piece) {
    large_fields client(role::client, 1 << 20);
    ASSERT_EQ(run_filter(client, bytes, piece), bytes) << piece;
    large_fields server(role::server, 1 << 20);
    const std::string with_magic = std::string(frames::client_magic) + bytes;
    ASSERT_EQ(run_filter(server, with_magic, piece), with_magic) << piece;
  }
}

TEST(LargeFields, BrokenBlocksPassUnchanged) {
  const std::string block = frames::header_block(frames::request_headers());
  const std::string big = frames::header_block({{"x", std::string(100'000, 'v')}});
  const std::string table[] = {
      frames::frame(frames::type::headers, 0, 1, block) + frames::ping(),
      frames::frame(frames::type::headers, 0, 1, block) + frames::frame(frames::type::continuation, 4, 3, ""),
      block_frames(1, big.substr(0, big.size() - 1), 0),
      block_frames(1, std::string(40'000, '\xff'), 0),
      block_frames(1, frames::header_block({{"x", std::string(70'000, '\n')}}), 0),
      block_frames(1, frames::header_block({{"x", std::string(3 << 20, 'v')}}), 0),  // above `most`
  };
  for (const auto& bytes : table) {
    large_fields filter(role::client, 2 << 20);
    EXPECT_EQ(run_filter(filter, bytes, 10'000), bytes);
  }
}

TEST(LargeFields, ALargeFieldReachesTheOwnerOfTheSession) {
  const std::string details(300'000, 'Q');
  for (const std::size_t piece : {1'000u, 16'393u, 1u << 20}) {
    peer client(options_for(role::client));
    const stream_id id = client.session.open(request(), false);
    client.collect();
    auto trailers = frames::header_pairs{{"grpc-status", "2"}, {"grpc-status-details-bin", details}, {"after", "a"},
                                         {"x-other", std::string(70'000, 'o')}};
    std::string bytes = frames::settings() + frames::headers(1, frames::response_headers()) +
                        block_frames(1, frames::header_block(trailers), frames::end_stream) + frames::ping("still on");
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      ASSERT_TRUE(client.feed(as_bytes(bytes).subspan(at, std::min(piece, bytes.size() - at))).has_value());
    ASSERT_EQ(client.streams[id].heads.size(), 2u);
    const header_list& got = client.streams[id].heads[1];
    ASSERT_EQ(got.size(), 4u);
    EXPECT_EQ(got[1].name, "grpc-status-details-bin");
    EXPECT_EQ(got[1].value, details);
    EXPECT_EQ(got[2].value, "a");
    EXPECT_EQ(got[3].value.size(), 70'000u);
    EXPECT_TRUE(client.streams[id].ended);
    EXPECT_NE(client.collect().find("still on"), std::string::npos);
    EXPECT_FALSE(client.session.failed());
  }
}

// nghttp2's encoder, with Huffman and its table: what comes after a large field must still be decoded.
TEST(LargeFields, TheDecodersTableStaysInStep) {
  peer client(options_for(role::client)), server(options_for(role::server));
  wire w(client, server, 5, 3000);
  for (int i = 0; i < 6; ++i) {
    const stream_id id = client.session.open(request(), false);
    client.session.end(id);
    w.run();
    server.session.respond(id, response(), false);
    header_list trailers{{"grpc-status", "2"}, {"x-small", "value " + std::to_string(i % 2)}, {"x-repeated", "same"}};
    if (i % 2 == 0) trailers.push_back({"x-large", std::string(200'000, static_cast<char>('a' + i))});
    trailers.push_back({"x-last", "last"});
    server.session.end(id, trailers);
    w.run();
    ASSERT_EQ(client.streams[id].heads.size(), 2u) << i;
    const header_list& got = client.streams[id].heads[1];
    ASSERT_EQ(got.size(), trailers.size());
    for (std::size_t k = 0; k < got.size(); ++k) EXPECT_EQ(got[k].value, trailers[k].value) << i << " " << k;
  }
}

TEST(LargeFields, SomebodyElsesPlaceholderIsJustAValue) {
  large_fields filter(role::client, 1 << 20);
  std::string fake = "large-field-0-";
  fake.resize(5'000, 'x');
  EXPECT_FALSE(filter.take(fake));
}

}  // namespace
}  // namespace peelbox::h2grpc::h2::test
