#include "engine/oci/platform.hpp"

#include <gtest/gtest.h>

namespace peelbox::oci {
namespace {

TEST(platform, parse_and_normalise) {
  const std::pair<std::string, std::string> cases[] = {
      {"linux/amd64", "linux/amd64"},    {"linux/x86_64", "linux/amd64"},
      {"Linux/AMD64/v1", "linux/amd64"}, {"linux/amd64/v3", "linux/amd64/v3"},
      {"linux/aarch64", "linux/arm64"},  {"linux/arm64/v8", "linux/arm64"},
      {"linux/arm64/8", "linux/arm64"},  {"linux/arm", "linux/arm/v7"},
      {"linux/arm/6", "linux/arm/v6"},   {"linux/armhf", "linux/arm/v7"},
      {"linux/armel", "linux/arm/v6"},   {"linux/i386", "linux/386"},
      {"macos/arm64", "darwin/arm64"},   {"arm64", "linux/arm64"},
      {"riscv64", "linux/riscv64"},
  };
  for (const auto& [text, expected] : cases) {
    const auto p = parse_platform(text);
    ASSERT_TRUE(p) << text;
    EXPECT_EQ(to_string(*p), expected) << text;
    EXPECT_EQ(normalise(*p), *p) << "normalising twice changes nothing";
  }
}

TEST(platform, parse_refuses) {
  for (const std::string text :
       {"", "/", "linux/", "linux//v7", "linux/arm/v7/x", "linux/a b", "linux", "macos", "a,b", "foo", "linux/am64", "linux/arm46", "adm64"}) {
    const auto p = parse_platform(text);
    ASSERT_FALSE(p) << text;
    EXPECT_EQ(p.error().code, errc::usage);
  }
}

TEST(platform, slips_get_a_suggestion_and_new_ones_are_taken) {
  EXPECT_NE(parse_platform("linux/am64").error().text.find("did you mean amd64?"), std::string::npos);
  EXPECT_TRUE(parse_platform("linux/quantum1"));
  EXPECT_TRUE(parse_platform("linux/s390x"));
}

TEST(platform, host_is_linux) {
  EXPECT_EQ(host_platform().os, "linux");
  EXPECT_FALSE(host_platform().arch.empty());
}

TEST(platform, matches_older_variants_only) {
  const auto p = [](const char* text) { return parse_platform(text).value(); };
  EXPECT_TRUE(matches(p("linux/arm64"), p("linux/arm64/v8")));
  EXPECT_TRUE(matches(p("linux/arm/v7"), p("linux/arm/v6")));
  EXPECT_FALSE(matches(p("linux/arm/v6"), p("linux/arm/v7")));
  EXPECT_FALSE(matches(p("linux/arm64"), p("linux/arm/v7")));
  EXPECT_TRUE(matches(p("linux/amd64/v3"), p("linux/amd64")));
  EXPECT_FALSE(matches(p("linux/amd64"), p("linux/amd64/v3")));
  EXPECT_FALSE(matches(p("linux/amd64"), p("windows/amd64")));
}

}  // namespace
}  // namespace peelbox::oci
