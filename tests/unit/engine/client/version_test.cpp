#include "engine/client/version.hpp"

#include <gtest/gtest.h>

namespace peelbox::client {
namespace {

TEST(Version, ParsesWhatDaemonsSay) {
  EXPECT_EQ(parse_version("v0.13.2"), (version_number{0, 13, 2}));
  EXPECT_EQ(parse_version("0.11.0-rc1"), (version_number{0, 11, 0}));
  EXPECT_EQ(parse_version("v0.12.5-dirty"), (version_number{0, 12, 5}));
  EXPECT_EQ(parse_version("v1.2.3+build"), (version_number{1, 2, 3}));
  for (const char* text : {"", "v", "v0.13", "v0.13.x", "v0.0.0+unknown", "unknown", "v0.13.2x", "v-1.2.3", "v0.-1.3"})
    EXPECT_FALSE(parse_version(text).has_value()) << text;
}

TEST(Version, OldDaemonsAreRefusedWithTheWayOut) {
  for (const daemon_version& old : {daemon_version{false, ""}, daemon_version{true, "v0.10.6"}}) {
    const auto checked = check_version(old, "unix:///x.sock");
    ASSERT_TRUE(checked.has_error());
    EXPECT_EQ(checked.error().code, errc::unsupported);
    for (const char* part : {"unix:///x.sock", "found", "required v0.11.0", "upgrade"})
      EXPECT_NE(checked.error().text.find(part), std::string::npos) << part;
  }
}

TEST(Version, AnOldDaemonTakesOneExporter) {
  EXPECT_TRUE(check_exporters({true, "v0.12.5"}, 1, "x").has_value());
  EXPECT_TRUE(check_exporters({true, "v0.13.0"}, 2, "x").has_value());
  EXPECT_TRUE(check_exporters({true, ""}, 2, "x").has_value());
  EXPECT_EQ(check_exporters({true, "v0.12.5"}, 2, "x").error().code, errc::unsupported);
}

TEST(Version, NewAndUnknownDaemonsAreAccepted) {
  for (const char* text : {"v0.11.0", "v0.13.2", "v1.0.0", "v0.0.0+unknown", "", "main-abcdef"})
    EXPECT_TRUE(check_version({true, text}, "x").has_value()) << text;
}

}  // namespace
}  // namespace peelbox::client
