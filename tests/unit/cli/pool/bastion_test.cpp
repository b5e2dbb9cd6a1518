#include "cli/pool/bastion.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::cli::pool {
namespace {

using testing::HasSubstr;

/// A program named ssh, and one that signs, which counts its runs.
class PoolBastion : public testing::Test {
 protected:
  PoolBastion() {
    program("sign", "printf x >>" + folder_ / "signed");
    old_path_ = std::getenv("PATH");
    ::setenv("PATH", (folder_.path() + ":" + old_path_).c_str(), 1);
  }
  ~PoolBastion() override {
    ::setenv("PATH", old_path_.c_str(), 1);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a program is left";
    EXPECT_EQ(errno, ECHILD);
  }
  void program(const std::string& name, const std::string& body) {
    test::write_file(folder_ / name, "#!/bin/sh\n" + body + "\n");
    std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
  }
  std::size_t times_signed() const { return test::read_file(folder_ / "signed").size(); }
  std::shared_ptr<bastion> make(std::chrono::seconds pause, std::vector<std::string> signer = {"sign"}) {
    return std::make_shared<bastion>("me@prod", std::move(signer), io_.get_executor(), pause);
  }
  /// What comes from the pod, or why nothing does.
  std::string ask(std::shared_ptr<bastion> through, const std::string& address = "10.1.2.3") {
    return test::run_task(io_, asked(std::move(through), address));
  }
  static task<std::string> asked(std::shared_ptr<bastion> through, std::string address) {
    auto connecting = through->connect("pod-0", address);
    result<transport::stream_ptr> made = co_await std::move(connecting);
    if (made.has_error()) co_return made.error().text;
    auto reading = (*made)->read();
    const result<byte_view> got = co_await std::move(reading);
    co_return got.has_error() ? got.error().text : std::string(as_text(*got));
  }

  asio::io_context io_{1};
  test::temp_dir folder_;
  std::string old_path_;
};

TEST_F(PoolBastion, IsAConnectionOfSsh) {
  program("ssh", "echo \"$@\"; echo a banner >&2");
  EXPECT_EQ(ask(make(std::chrono::seconds(0))), "-o ConnectTimeout=30 -W 10.1.2.3:1234 -l me -- prod\n");
  EXPECT_THAT(ask(make(std::chrono::seconds(0)), "-oProxyCommand=x"), HasSubstr("pod-0: \"-oProxyCommand=x\" is no IP address"));
}

TEST_F(PoolBastion, WhatKeepsSshIsNamed) {
  program("ssh", "echo 'channel 0: open failed: connect failed: Connection refused' >&2; exit 255");
  const std::string text = ask(make(std::chrono::seconds(0)));
  EXPECT_THAT(text, HasSubstr("pod-0 (10.1.2.3) through ssh://me@prod: ssh ended with exit code 255: channel 0: open failed"));
  EXPECT_THAT(text, HasSubstr("me@prod was reached, and has no way on"));
}

TEST_F(PoolBastion, SignsAgainWhenSshWasRefused) {
  program("ssh", "echo 'me@prod: Permission denied (publickey).' >&2; exit 255");
  const auto through = make(std::chrono::seconds(0));
  ASSERT_TRUE(test::run_task(io_, through->sign()).has_value());
  EXPECT_EQ(times_signed(), 1u);
  EXPECT_THAT(ask(through), HasSubstr("`ssh -o BatchMode=yes me@prod true`"));
  EXPECT_EQ(times_signed(), 1u);
  (void)ask(through);
  EXPECT_EQ(times_signed(), 2u);
  program("ssh", "echo fine");
  EXPECT_EQ(ask(through), "fine\n");
  EXPECT_EQ(times_signed(), 3u);
  EXPECT_EQ(ask(through), "fine\n");
  EXPECT_EQ(times_signed(), 3u);
}

TEST_F(PoolBastion, DoesNotSignAgainAtOnce) {
  program("ssh", "echo 'me@prod: Permission denied (publickey).' >&2; exit 255");
  const auto through = make(std::chrono::seconds(60));
  ASSERT_TRUE(test::run_task(io_, through->sign()).has_value());
  for (int i = 0; i < 3; ++i) (void)ask(through);
  EXPECT_EQ(times_signed(), 1u);
}

TEST_F(PoolBastion, WhySigningFails) {
  const auto failed = [&](std::vector<std::string> signer) {
    const auto through = make(std::chrono::seconds(0), std::move(signer));
    return test::run_task(io_, through->sign()).error();
  };
  const failure words = failed({"sh", "-c", "echo half; echo Code: 403 >&2; exit 2"});
  EXPECT_EQ(words.text, "bastion_sign_command: sh ended with exit code 2: Code: 403");
  EXPECT_EQ(words.code, errc::connection);
  EXPECT_EQ(failed({"no-such-signer"}).who, origin::user);
  EXPECT_EQ(failed({"sh", "-c", "head -c 3000000 /dev/zero"}).code, errc::limit);
  EXPECT_TRUE(test::run_task(io_, make(std::chrono::seconds(0), {})->sign()).has_value()) << "none is wanted";
}

}  // namespace
}  // namespace peelbox::cli::pool
