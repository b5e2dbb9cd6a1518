#include "engine/client/known_sessions.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "engine/session/content_id.hpp"

namespace peelbox::client {
namespace {

class KnownSessions : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "known-sessions-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    top = name;
  }
  void TearDown() override { std::filesystem::remove_all(top); }
  session::user_secret user() const { return session::user_secret::load(top); }
  known_sessions of(std::string_view kind) const { return known_sessions(user(), kind); }
  static known_session made(std::string id, std::string digest = "sha256:1") {
    return {std::move(id), {{"context", {{"a b"}, {"!x", "*"}, {"\xc3\xa9"}}, std::move(digest)}, {"dockerfile", {}, "sha256:2"}}};
  }
  std::string only_file() const {
    return std::filesystem::directory_iterator(top + "/id.sessions")->path().string();
  }
  std::string top;
};

TEST_F(KnownSessions, GivesBackWhatWasPutIn) {
  EXPECT_TRUE(of("k").all().empty());
  ASSERT_TRUE(of("k").put(made("one")));
  const auto all = of("k").all();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].id, "one");
  ASSERT_EQ(all[0].sent.size(), 2u);
  EXPECT_EQ(all[0].sent[0].name, "context");
  EXPECT_EQ(all[0].sent[0].filters.include, std::vector<std::string>{"a b"});
  EXPECT_EQ(all[0].sent[0].filters.exclude, (std::vector<std::string>{"!x", "*"}));
  EXPECT_EQ(all[0].sent[0].filters.follow_paths, std::vector<std::string>{"\xc3\xa9"});
  EXPECT_EQ(all[0].sent[0].digest, "sha256:1");
  EXPECT_TRUE(of("another").all().empty());
  struct stat about {};
  ASSERT_EQ(::stat(only_file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(KnownSessions, OneBuildTakesIt) {
  ASSERT_TRUE(of("k").put(made("one")));
  EXPECT_FALSE(of("another").take("one"));
  EXPECT_TRUE(of("k").take("one"));
  EXPECT_FALSE(of("k").take("one"));
  EXPECT_TRUE(of("k").all().empty());
}

TEST_F(KnownSessions, ANewGenerationKnowsNone) {
  ASSERT_TRUE(of("k").put(made("one")));
  ASSERT_TRUE(session::renew_content_ids(user()));
  EXPECT_TRUE(of("k").all().empty());
}

TEST_F(KnownSessions, ThereIsABoundAndTheNewestStay) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(of("k").put(made("id" + std::to_string(i))));
    std::filesystem::last_write_time(top + "/id.sessions/" + std::filesystem::path(only_file()).filename().string().substr(0, 33) + "id" +
                                         std::to_string(i),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(100 - i));
  }
  const auto all = of("k").all();
  ASSERT_EQ(all.size(), 8u);
  EXPECT_EQ(all[0].id, "id19");
  EXPECT_EQ(all[7].id, "id12");
}

TEST_F(KnownSessions, WhatIsDamagedIsLeftOut) {
  ASSERT_TRUE(of("k").put(made("one")));
  const std::string file = only_file();
  for (const char* text : {"", "{", "[]", "{\"version\":2,\"sent\":[]}", "{\"version\":1,\"sent\":[{}]}", "{\"version\":1,\"sent\":[]}"}) {
    std::ofstream(file) << text;
    EXPECT_TRUE(of("k").all().empty()) << text;
  }
}

TEST_F(KnownSessions, WithoutAKeptSecretThereAreNone) {
  const known_sessions none(session::user_secret::temporary("test"), "k");
  EXPECT_TRUE(none.put(made("one")));
  EXPECT_TRUE(none.all().empty());
  EXPECT_FALSE(none.take("one"));
}

}  // namespace
}  // namespace peelbox::client
