#include "engine/kubernetes/exec_frames.hpp"

#include <gtest/gtest.h>

namespace peelbox::kubernetes {
namespace {

TEST(ExecFrames, TheFirstByteIsTheChannel) {
  const auto out = parse_exec_message(as_bytes("\1abc"));
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->on, channel::out);
  EXPECT_EQ(as_text(out->content), "abc");
  EXPECT_TRUE(parse_exec_message(as_bytes("\2"))->content.empty());
  EXPECT_EQ(parse_exec_message(as_bytes("\3{}"))->on, channel::status);
}

TEST(ExecFrames, RefusesWhatNoServerSends) {
  EXPECT_EQ(parse_exec_message({}).error().code, errc::protocol);
  for (const std::string_view text : {std::string_view("\0x", 2), std::string_view("\4x"), std::string_view("\xff\1")})
    EXPECT_EQ(parse_exec_message(as_bytes(text)).error().code, errc::protocol);
}

TEST(ExecFrames, InputIsCutIntoMessages) {
  byte_chain bytes(byte_slice::of(std::string(most_of_exec_message + 5, 'x')));
  EXPECT_EQ(next_input(bytes).size(), most_of_exec_message + 1);
  const std::string last = next_input(bytes).str();
  EXPECT_EQ(last, std::string("\0xxxxx", 6));
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(end_of_input().str(), std::string("\xff\0", 2));
}

}  // namespace
}  // namespace peelbox::kubernetes
