#include "h2grpc/grpc/metadata.hpp"

#include <gtest/gtest.h>

namespace peelbox::h2grpc {
namespace {

TEST(Metadata, WireFormLowersNamesAndEncodesBin) {
  h2::header_list wire;
  append_metadata({{"X-Docker-Expose", "a"}, {"key-bin", std::string("\0\xff", 2)}, {"x-docker-expose", "b"}}, wire);
  ASSERT_EQ(wire.size(), 3u);
  EXPECT_EQ(wire[0].name, "x-docker-expose");
  EXPECT_EQ(wire[0].value, "a");
  EXPECT_EQ(wire[1].value, "AP8");
  EXPECT_EQ(wire[2].value, "b");
}

TEST(Metadata, CannotReplaceWhatBelongsToTheTransport) {
  h2::header_list wire;
  append_metadata({{":path", "/x"}, {"te", "x"}, {"Content-Type", "x"}, {"grpc-status", "0"}, {"connection", "x"},
                   {"bad name", "x"}, {"", "x"}, {"ok", "x"}},
                  wire);
  ASSERT_EQ(wire.size(), 1u);
  EXPECT_EQ(wire[0].name, "ok");
}

TEST(Metadata, ControlCharactersCannotSplitAHeader) {
  h2::header_list wire;
  append_metadata({{"a", "x\r\nevil: 1\x80"}}, wire);
  EXPECT_EQ(wire.at(0).value, "x??evil: 1?");
}

TEST(Metadata, ParsesBinWithAndWithoutPaddingAndJoined) {
  const auto m = parse_metadata({{":status", "200"}, {"grpc-status", "0"}, {"k-bin", "Zg==,Zm8"}, {"k-bin", "!"}, {"plain", "v"}});
  EXPECT_EQ(m.get_all("k-bin"), (std::vector<std::string>{"f", "fo"}));
  EXPECT_EQ(m.get("plain"), "v");
  EXPECT_EQ(m.entries().size(), 3u);
}

}  // namespace
}  // namespace peelbox::h2grpc
