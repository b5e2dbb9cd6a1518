#include "engine/registry/host.hpp"

#include <gmock/gmock.h>

#include "tests/unit/engine/registry/fake_registry.hpp"

namespace peelbox::registry {
namespace {

using test::fake_registry;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::size_t count(const fake_registry& at, std::string_view begin) {
  std::size_t n = 0;
  for (const auto& line : at.asked) n += line.starts_with(begin);
  return n;
}

TEST(Host, ATokenIsFetchedOnceForOneRight) {
  fake_registry at;
  at.wants = "bearer";
  at.image("a", "1", "amd64", "layer");
  test::with_client(at, [](client& c) -> task<void> {
    for (int i = 0; i < 3; ++i) {
      auto reading = c.manifest({"reg", "a", "1", {}});
      const auto got = co_await std::move(reading);
      EXPECT_TRUE(got.has_value()) << got.error().text;
    }
  });
  EXPECT_EQ(count(at, "POST https://auth.example/token"), 1u);
  EXPECT_THAT(at.dialled, ElementsAre("https://reg", "https://auth.example"));
}

TEST(Host, AnOldTokenIsNotUsed) {
  fake_registry at;
  at.wants = "bearer";
  at.expires_in = 5;  // less than our margin
  at.image("a", "1", "amd64", "layer");
  test::with_client(at, [](client& c) -> task<void> {
    for (int i = 0; i < 2; ++i) {
      auto reading = c.manifest({"reg", "a", "1", {}});
      const auto got = co_await std::move(reading);
      EXPECT_TRUE(got.has_value());
    }
  });
  EXPECT_EQ(count(at, "POST https://auth.example/token"), 2u);
}

TEST(Host, ServersWithoutFormsAreAskedWithAQuery) {
  fake_registry at;
  at.wants = "bearer";
  at.knows_forms = false;
  at.image("a", "1", "amd64", "layer");
  test::with_client(at, [](client& c) -> task<void> {
    auto reading = c.manifest({"reg", "a", "1", {}});
    const auto got = co_await std::move(reading);
    EXPECT_TRUE(got.has_value());
  });
  EXPECT_THAT(at.asked, Contains("GET https://auth.example/token?service=reg&scope=repository%3Aa%3Apull"));
}

TEST(Host, ABasicChallengeIsAnsweredWithTheLogin) {
  fake_registry at;
  at.wants = "basic";
  at.image("a", "1", "amd64", "layer");
  test::with_client(at, [](client& c) -> task<void> {
    auto reading = c.manifest({"reg", "a", "1", {}});
    const auto got = co_await std::move(reading);
    EXPECT_TRUE(got.has_value()) << got.error().text;
  });
  EXPECT_EQ(at.asked.size(), 2u);
}

TEST(Host, OnlyAnInsecureOneFallsBackToPlainHttp) {
  fake_registry at;
  at.refuses = "https://reg";
  at.image("a", "1", "amd64", "layer");
  const auto body = [](bool works) {
    return [works](client& c) -> task<void> {
      auto reading = c.manifest({"reg", "a", "1", {}});
      const auto got = co_await std::move(reading);
      EXPECT_EQ(got.has_value(), works);
      if (works) co_return;
      EXPECT_THAT(got.error().text, HasSubstr("nothing listens at https://reg"));
    };
  };
  std::function<task<void>(client&)> insecure = body(true);
  test::with_client(at, insecure, 1024, true);
  EXPECT_THAT(at.dialled, ElementsAre("https://reg", "http://reg"));
  at.dialled.clear();
  std::function<task<void>(client&)> secure = body(false);
  test::with_client(at, secure);
  EXPECT_EQ(at.dialled.size(), 5u);
  EXPECT_THAT(at.dialled, testing::Each(StartsWith("https://")));
}

}  // namespace
}  // namespace peelbox::registry
