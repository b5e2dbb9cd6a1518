#include "h2grpc/grpc/framing.hpp"

#include <gtest/gtest.h>

namespace peelbox::h2grpc {
namespace {

std::string framed(const std::string& payload) {
  const auto prefix = message_prefix(payload.size());
  return std::string(as_text(byte_view(prefix))) + payload;
}

std::vector<std::string> texts(const std::deque<received_message>& messages) {
  std::vector<std::string> all;
  for (const auto& m : messages) all.emplace_back(m.payload.text());
  return all;
}

TEST(Framing, PrefixIsAFlagAndABigEndianLength) {
  const auto prefix = message_prefix(0x01020304);
  EXPECT_EQ(as_text(byte_view(prefix)), std::string_view("\0\1\2\3\4", 5));
}

TEST(Framing, DecodesAtEverySplitIntoThree) {
  const std::vector<std::string> want{"", "a", "hello world", "", std::string(300, 'x'), "end"};
  std::string wire;
  for (const auto& m : want) wire += framed(m);
  for (std::size_t i = 0; i <= wire.size(); ++i) {
    for (std::size_t j = i; j <= wire.size(); j += 7) {
      message_decoder decoder(1000);
      std::deque<received_message> got;
      ASSERT_TRUE(decoder.feed(as_bytes(wire).subspan(0, i), got).has_value());
      ASSERT_TRUE(decoder.feed(as_bytes(wire).subspan(i, j - i), got).has_value());
      ASSERT_TRUE(decoder.feed(as_bytes(wire).subspan(j), got).has_value());
      ASSERT_EQ(texts(got), want) << i << " " << j;
      ASSERT_EQ(decoder.partial(), 0u);
      std::size_t total = 0;
      for (const auto& m : got) total += m.wire_size;
      ASSERT_EQ(total, wire.size());
    }
  }
}

TEST(Framing, DecodesByteByByteAndCountsThePartialMessage) {
  const std::string wire = framed("abc");
  message_decoder decoder(10);
  std::deque<received_message> got;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    EXPECT_EQ(decoder.partial(), i);
    ASSERT_TRUE(decoder.feed(as_bytes(wire).subspan(i, 1), got).has_value());
  }
  EXPECT_EQ(decoder.partial(), 0u);
  EXPECT_EQ(texts(got), std::vector<std::string>{"abc"});
}

TEST(Framing, MessagesDoNotReferToTheInput) {
  std::string wire = framed("first") + framed("second");
  message_decoder decoder(10);
  std::deque<received_message> got;
  ASSERT_TRUE(decoder.feed(as_bytes(wire), got).has_value());
  wire.assign(wire.size(), '!');
  EXPECT_EQ(texts(got), (std::vector<std::string>{"first", "second"}));
}

TEST(Framing, AMessageAtTheLimitPassesAndOneAboveFailsForGood) {
  for (const bool split : {false, true}) {
    message_decoder decoder(8);
    std::deque<received_message> got;
    ASSERT_TRUE(decoder.feed(as_bytes(framed("12345678")), got).has_value());
    const std::string bad = framed("123456789");
    auto r = decoder.feed(as_bytes(bad).subspan(0, split ? 3 : bad.size()), got);
    if (split) {
      ASSERT_TRUE(r.has_value());
      r = decoder.feed(as_bytes(bad).subspan(3, 2), got);
    }
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code, errc::limit);
    EXPECT_NE(r.error().text.find("9 bytes"), std::string::npos);
    EXPECT_TRUE(decoder.feed(as_bytes(framed("x")), got).has_error());
    EXPECT_EQ(texts(got), std::vector<std::string>{"12345678"});
  }
}

TEST(Framing, MessagesBeforeABadOneAreStillGiven) {
  message_decoder decoder(8);
  std::deque<received_message> got;
  const std::string wire = framed("ok") + std::string("\x07garbage");
  const auto r = decoder.feed(as_bytes(wire), got);
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::protocol);
  EXPECT_EQ(texts(got), std::vector<std::string>{"ok"});
}

TEST(Framing, ACompressedMessageIsRefused) {
  message_decoder decoder(8);
  std::deque<received_message> got;
  const auto r = decoder.feed(as_bytes(std::string_view("\1\0\0\0\0", 5)), got);
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::unsupported);
}

TEST(Framing, AHugeLengthAllocatesNothing) {
  message_decoder decoder(16 << 20);
  std::deque<received_message> got;
  EXPECT_TRUE(decoder.feed(as_bytes(std::string_view("\0\xff\xff\xff\xff", 5)), got).has_error());
}

}  // namespace
}  // namespace peelbox::h2grpc
