#include "engine/registry/token_source.hpp"

#include <gmock/gmock.h>

#include "tests/unit/engine/registry/fake_registry.hpp"

namespace peelbox::registry {
namespace {

using test::fake_registry;
using test::fault;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const docker::credentials me = [] {
  docker::credentials login;
  login.username = "me";
  login.secret = "secret";
  return login;
}();

token_source_options fast(fake_registry& at) {
  token_source_options options;
  options.dial = at.dial();
  options.retry.first = std::chrono::milliseconds(1);
  return options;
}

/// Runs `body` with a source whose servers are all that one.
void with_source(fake_registry& at, token_source_options options, std::function<task<void>(token_source&)> body) {
  asio::io_context io;
  const auto ended = peelbox::test::run_task(io, task_group::run([&](task_group& group) -> task<result<void>> {
    at.group = &group;
    token_source source(std::move(options));
    co_await body(source);
    group.cancel();
    co_return result<void>();
  }));
  EXPECT_TRUE(ended.has_value());
}

task<result<token>> ask(token_source& source, std::string registry, std::string realm, docker::credentials login) {
  token_question what{std::move(realm), "reg", {"repository:a:pull"}, {}};
  auto fetching = source.fetch(std::move(registry), std::move(what), std::move(login));
  co_return co_await std::move(fetching);
}

TEST(TokenSource, OneConnectionServesTheQuestionsToOneServer) {
  fake_registry at;
  with_source(at, fast(at), [&](token_source& source) -> task<void> {
    auto asking_first = ask(source, "reg", "https://auth/token", me);
    const auto first = co_await std::move(asking_first);
    EXPECT_EQ(first.value().value, "of-me");
    auto asking_second = ask(source, "reg", "https://auth/token", {});
    const auto second = co_await std::move(asking_second);
    EXPECT_EQ(second.value().value, "of-anonymous");
    EXPECT_THAT(at.dialled, SizeIs(1));
    // Certificates may differ by registry, so connections are not shared.
    auto asking_other = ask(source, "other", "https://auth/token", me);
    const auto other = co_await std::move(asking_other);
    EXPECT_TRUE(other.has_value());
    EXPECT_THAT(at.dialled, SizeIs(2));
  });
}

TEST(TokenSource, AFaultThatPassesIsTriedAgainAndOthersAreNot) {
  for (const fault what : {fault::no_answer, fault::half_answer, fault::unavailable, fault::too_many}) {
    fake_registry at;
    at.what = what;
    at.fault_at = 0;
    with_source(at, fast(at), [&](token_source& source) -> task<void> {
      auto asking_got = ask(source, "reg", "https://auth/token", me);
      const auto got = co_await std::move(asking_got);
      EXPECT_TRUE(got.has_value()) << static_cast<int>(what) << got.error().text;
    });
  }
  fake_registry refused;
  with_source(refused, fast(refused), [&](token_source& source) -> task<void> {
    docker::credentials wrong = me;
    wrong.secret = "other";
    auto asking_got = ask(source, "reg", "https://auth/token", wrong);
    const auto got = co_await std::move(asking_got);
    EXPECT_THAT(got.error().text, HasSubstr("wrong password"));
    EXPECT_EQ(got.error().text.find("other"), std::string::npos);
  });
}

TEST(TokenSource, ThereIsABoundOfTries) {
  fake_registry at;
  at.refuses = "https://auth";
  token_source_options options = fast(at);
  with_source(at, std::move(options), [&](token_source& source) -> task<void> {
    auto asking_got = ask(source, "reg", "https://auth/token", me);
    const auto got = co_await std::move(asking_got);
    EXPECT_EQ(got.error().code, errc::connection);
  });
  EXPECT_LE(at.dialled.size(), 3u);
}

TEST(TokenSource, TheDaemonCannotNameAnyNumberOfServers) {
  fake_registry at;
  with_source(at, fast(at), [&](token_source& source) -> task<void> {
    for (int i = 0; i < 64; ++i) {
      auto asking_got = ask(source, "reg", fmt::format("https://auth{}/token", i), me);
      const auto got = co_await std::move(asking_got);
      EXPECT_TRUE(got.has_value()) << i;
    }
    auto asking_more = ask(source, "reg", "https://one-more/token", me);
    const auto more = co_await std::move(asking_more);
    EXPECT_EQ(more.error().code, errc::limit);
    auto asking_known = ask(source, "reg", "https://auth7/token", me);
    const auto known = co_await std::move(asking_known);
    EXPECT_TRUE(known.has_value());
  });
}

TEST(TokenSource, SettingsAreThoseOfRegistryAndServer) {
  fake_registry at;
  std::vector<std::string> asked;
  token_source_options options = fast(at);
  options.settings = [&asked](std::string_view registry, std::string_view server) -> result<host_settings> {
    asked.push_back(fmt::format("{} {}", registry, server));
    if (registry == "broken") return failure(errc::usage, "no such file");
    host_settings settings;
    settings.insecure = registry == "plain";
    return settings;
  };
  with_source(at, std::move(options), [&](token_source& source) -> task<void> {
    auto asking_safe = ask(source, "reg", "http://auth:1/token", me);
    const auto safe = co_await std::move(asking_safe);
    EXPECT_TRUE(safe.has_error()) << "a login goes nowhere without TLS";
    auto asking_plain = ask(source, "plain", "http://auth:1/token", me);
    const auto plain = co_await std::move(asking_plain);
    EXPECT_TRUE(plain.has_value()) << plain.error().text;
    auto asking_broken = ask(source, "broken", "https://auth/token", me);
    const auto broken = co_await std::move(asking_broken);
    EXPECT_EQ(broken.error().text, "no such file");
    auto asking_wrong = ask(source, "reg", "not a url", me);
    const auto wrong = co_await std::move(asking_wrong);
    EXPECT_TRUE(wrong.has_error());
  });
  EXPECT_THAT(asked, ElementsAre("reg auth:1", "plain auth:1", "broken auth"));
}

}  // namespace
}  // namespace peelbox::registry
