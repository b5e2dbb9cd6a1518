#include "cli/ssh_option.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/ssh_keys.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const environment no_variables = [](std::string_view) -> std::optional<std::string> { return std::nullopt; };

TEST(SshOption, IsReadAsTheReferenceReadsIt) {
  // cmd/buildctl/build/ssh.go
  EXPECT_EQ(parse_ssh("default")->id, "default");
  EXPECT_EQ(parse_ssh("")->id, "default");
  EXPECT_THAT(parse_ssh("default")->paths, IsEmpty());
  EXPECT_THAT(parse_ssh("git=/a,/b")->paths, ElementsAre("/a", "/b"));
  EXPECT_EQ(parse_ssh("=/a")->id, "default");
  const ssh_option raw = parse_ssh("docker=/run/docker.sock,raw=true").value();
  EXPECT_TRUE(raw.raw);
  EXPECT_THAT(raw.paths, ElementsAre("/run/docker.sock"));
  EXPECT_FALSE(parse_ssh("a=/b,raw=false")->raw);
  EXPECT_THAT(parse_ssh("a=raw=true").error().text, HasSubstr("exactly one socket"));
  EXPECT_THAT(parse_ssh("a=/b,/c,raw=true").error().text, HasSubstr("exactly one socket"));
  EXPECT_THAT(parse_ssh("a=/b,raw=maybe").error().text, HasSubstr("raw is true or false"));
  EXPECT_THAT(parse_ssh("default,git").error().text, HasSubstr("expected ID=SOCKET"));
}

TEST(Agents, AreFoundBeforeAnybodyConnects) {
  test::temp_dir dir;
  test::write_file(dir / "key", test::ed25519_openssh);
  test::write_file(dir / "locked", test::ed25519_locked);
  test::make_socket(dir / "agent");
  const environment with_agent = [&](std::string_view name) -> std::optional<std::string> {
    if (name == "SSH_AUTH_SOCK") return dir / "agent";
    return std::nullopt;
  };
  const result<session::ssh_book> book = find_agents({"default", "key=" + (dir / "key"), "raw=" + (dir / "agent") + ",raw=true"}, with_agent);
  ASSERT_TRUE(book.has_value()) << book.error().text;
  EXPECT_FALSE(std::get<session::forwarded_socket>(book->at("default")).raw);
  EXPECT_TRUE(std::get<session::forwarded_socket>(book->at("raw")).raw);
  EXPECT_EQ(std::get<session::key_ring>(book->at("key")).size(), 1u);

  const auto complaint = [&](const std::vector<std::string>& options) { return find_agents(options, no_variables).error().text; };
  EXPECT_THAT(complaint({"default"}), HasSubstr("SSH_AUTH_SOCK is not set"));
  EXPECT_THAT(complaint({"a=" + (dir / "key"), "a=" + (dir / "key")}), HasSubstr("there is an agent a already"));
  EXPECT_THAT(complaint({"a=" + (dir / "none")}), HasSubstr("No such file"));
  EXPECT_THAT(complaint({"a=" + dir.path()}), HasSubstr("is a directory"));
  EXPECT_THAT(complaint({"a=" + (dir / "locked")}), HasSubstr("the key has a passphrase"));
  EXPECT_THAT(complaint({"a=" + (dir / "agent") + "," + (dir / "key")}), HasSubstr("has to be alone"));
  EXPECT_THAT(complaint({"a=" + (dir / "key") + ",raw=true"}), HasSubstr("raw=true is for a socket"));
}

}  // namespace
}  // namespace peelbox::cli
