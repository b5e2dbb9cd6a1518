#include "engine/session/content_id.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>
#include <vector>

namespace peelbox::session {
namespace {

class ContentId : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "content-id-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    top = name;
  }
  void TearDown() override { std::filesystem::remove_all(top); }
  user_secret user() const { return user_secret::load(top); }
  std::string once(std::string_view content, std::string_view daemon = "d") const {
    const auto held = hold_content_id(user(), content, daemon);
    return held ? held->text() : "none";
  }
  std::string top;
};

TEST_F(ContentId, IsTheSameForEqualContentOneAfterTheOther) {
  const std::string first = once("a");
  EXPECT_EQ(first.size(), 32u);
  EXPECT_EQ(once("a"), first);
  EXPECT_EQ(once("a", "another daemon"), first);
  EXPECT_NE(once("b"), first);
  const user_secret other = user_secret::load(top + "/other");
  EXPECT_NE(hold_content_id(other, "a", "d")->text(), first) << "nobody else can make it";
}

TEST_F(ContentId, WithASharedSecretItIsTheSameForOtherUsers) {
  const user_secret other = user_secret::load(top + "/other");
  const auto of = [](const user_secret& user, std::string_view content, std::string_view shared) {
    return hold_content_id(user, content, "d", shared)->text();
  };
  const std::string first = of(user(), "a", "secret");
  EXPECT_EQ(first.size(), 32u);
  EXPECT_EQ(of(other, "a", "secret"), first);
  EXPECT_NE(of(other, "b", "secret"), first);
  EXPECT_NE(of(other, "a", "another"), first);
  EXPECT_NE(of(user(), "a", ""), first);
}

TEST_F(ContentId, ThoseAtTheSameTimeShareOneAndOneServesIt) {
  auto first = hold_content_id(user(), "a", "d");
  auto second = hold_content_id(user(), "a", "d");
  auto third = hold_content_id(user(), "a", "d");
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->text(), second->text());
  EXPECT_TRUE(first->take());
  EXPECT_FALSE(second->take());
  EXPECT_TRUE(hold_content_id(user(), "a", "another daemon")->take()) << "there it is free";
  first.reset();
  EXPECT_TRUE(third->take());
  EXPECT_FALSE(second->take());
  third->release();
  EXPECT_FALSE(third->take());
  EXPECT_TRUE(second->take());
  EXPECT_TRUE(second->take());
}

TEST_F(ContentId, EachVariantIsAnother) {
  std::set<std::string> texts;
  for (const char* shared : {"", "secret"})
    for (unsigned i = 0; i < most_content_ids; ++i) texts.insert(hold_content_id(user(), "a", "d", shared, i)->text());
  EXPECT_EQ(texts.size(), 2 * most_content_ids);
  EXPECT_FALSE(hold_content_id(user(), "a", "d", "", most_content_ids));
}

TEST_F(ContentId, AProcessThatIsKilledLeavesNoLock) {
  const std::string first = once("a");
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto held = hold_content_id(user(), "a", "d");
    (void)!write(ends[1], "x", 1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  auto waiting = hold_content_id(user(), "a", "d");
  EXPECT_EQ(waiting->text(), first);
  EXPECT_FALSE(waiting->take());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(waiting->take());
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(top), std::filesystem::directory_iterator()), 1);
}

TEST_F(ContentId, RenewedIdsAreOthersAndStayTheSame) {
  const std::string first = once("a");
  ASSERT_TRUE(renew_content_ids(user()));
  const std::string second = once("a");
  EXPECT_NE(second, first);
  EXPECT_EQ(once("a"), second);
  EXPECT_TRUE(renew_content_ids(user_secret::temporary("no home"))) << "there are none";
}

TEST_F(ContentId, ThereIsNoneWithoutAKeptSecret) {
  EXPECT_FALSE(hold_content_id(user_secret::temporary("no home"), "a", "d"));
}

}  // namespace
}  // namespace peelbox::session
