// How writes of the inner connection become writes of the outer one.
#include <gtest/gtest.h>

#include "engine/session/bytes_message.hpp"
#include "engine/session/tunnel_stream.hpp"
#include "h2grpc/grpc/framing.hpp"
#include "h2grpc/h2/session.hpp"
#include "h2grpc/rpc/connection.hpp"
#include "tests/support/frames.hpp"

namespace peelbox::session {
namespace {

namespace frames = peelbox::test::frames;

// A session whose peer grants more than any test sends, with one stream.
struct sending_session {
  sending_session() : session({}) {
    id = session.open({{":method", "POST"}, {":scheme", "http"}, {":path", "/s/m"}, {":authority", "x"}}, false);
    const std::string windows = frames::settings({{4, 1 << 30}}) + frames::window_update(0, 1 << 30);
    EXPECT_TRUE(session.feed(as_bytes(windows)).has_value());
    byte_chain beginning;
    session.collect(beginning, 1 << 20);
  }
  byte_chain collect(std::size_t budget) {
    byte_chain out;
    session.collect(out, budget);
    return out;
  }
  h2grpc::h2::session session;
  h2grpc::h2::stream_id id = 0;
};

TEST(TunnelWrite, AWriteOfTheInnerConnectionIsOneOfTheOuter) {
  const std::size_t budget = h2grpc::connection_options{}.write_budget;
  sending_session inner;
  sending_session outer;
  // Files are sent as messages of 32 KiB and a few bytes, so frames of all sizes come about.
  for (int i = 0; i < 100; ++i)
    inner.session.write(inner.id, byte_chain(byte_slice::of(std::string((32 << 10) + 5 + static_cast<std::size_t>(i), 'x'))));
  int full = 0;
  while (inner.session.queued() > 0) {
    byte_chain written = inner.collect(budget - tunnel_write_slack);
    if (written.size() > budget - tunnel_write_slack) ++full;
    byte_chain message = encode_bytes_message(std::move(written));
    outer.session.write_copy(outer.id, h2grpc::message_prefix(message.size()));
    outer.session.write(outer.id, std::move(message));
    (void)outer.collect(budget);
    ASSERT_EQ(outer.session.queued(), 0u) << "the rest takes a write of its own";
  }
  EXPECT_GE(full, 10);
}

}  // namespace
}  // namespace peelbox::session
