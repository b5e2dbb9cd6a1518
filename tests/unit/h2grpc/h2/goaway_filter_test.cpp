#include "h2grpc/h2/goaway_filter.hpp"

#include <gtest/gtest.h>

#include "tests/support/frames.hpp"

namespace peelbox::h2grpc::h2 {
namespace {

namespace frames = peelbox::test::frames;

std::string run_filter(role ours, std::string_view bytes, std::size_t piece) {
  goaway_filter filter(ours);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    byte_view in = as_bytes(bytes.substr(at, piece));
    while (!in.empty()) out += as_text(filter.next(in));
  }
  return out;
}

TEST(GoawayFilter, AServerSeesIdZeroAndEverythingElseUnchangedAtEveryPieceSize) {
  const auto conversation = [](std::uint32_t id) {
    return std::string(frames::client_magic) + frames::settings({{4, 70'000}}) +
           frames::headers(1, frames::request_headers()) + frames::goaway(id, 0, "client transport shutdown") +
           frames::data(1, std::string(70, 'd')) + frames::goaway(id, 0) +
           frames::frame(frames::type::goaway, 0, 0, "1234567") + frames::ping();
  };
  for (std::size_t piece = 1; piece < 80; ++piece) {
    EXPECT_EQ(run_filter(role::server, conversation(0x7fffffff), piece), conversation(0)) << piece;
    EXPECT_EQ(run_filter(role::server, conversation(0), piece), conversation(0)) << piece;
    EXPECT_EQ(run_filter(role::client, conversation(0x7fffffff), piece), conversation(0x7fffffff)) << piece;
  }
}

}  // namespace
}  // namespace peelbox::h2grpc::h2
