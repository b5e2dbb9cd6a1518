#include "engine/docker/login_book.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cerrno>

#include "engine/async/task_group.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/engine/docker/scratch.hpp"

namespace peelbox::docker {
namespace {

using namespace std::chrono_literals;

class LoginBook : public testing::Test {
 protected:
  LoginBook() { config_.creds_store = "fake"; }
  void helper(const std::string& body) { scratch_.script("docker-credential-fake", body); }
  login_book book() {
    return login_book(config_, pool_, [](std::string) {});
  }
  void wait_for(const std::string& file) {
    for (int i = 0; i < 1000 && !std::filesystem::exists(scratch_.file(file)); ++i) io_.run_one_for(10ms);
    ASSERT_TRUE(std::filesystem::exists(scratch_.file(file)));
  }

  test::scratch_directory scratch_;
  test::path_with path_{scratch_.path()};
  config config_;
  blocking_pool pool_{4};
  asio::io_context io_;
};

task<result<void>> ask(login_book& book, std::string host, std::vector<std::string>& users) {
  auto login = co_await book.find(std::move(host));
  users.push_back(login.has_value() ? login->username : "failed");
  co_return result<void>();
}

TEST_F(LoginBook, OneHelperAnswersEveryCall) {
  helper("echo x >> '" + scratch_.file("runs") + "'; sleep 0.1; echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
  std::vector<std::string> users;
  login_book logins = book();
  for (int round = 0; round < 2; ++round) {
    const auto ran = test::run_task(io_, task_group::run([&](task_group& group) -> task<result<void>> {
      for (int i = 0; i < 4; ++i) group.spawn(ask(logins, "r.example", users));
      co_return result<void>();
    }));
    EXPECT_TRUE(ran.has_value());
  }
  EXPECT_EQ(users, std::vector<std::string>(8, "u"));
  EXPECT_EQ(scratch_.read("runs"), "x\n");
}

TEST_F(LoginBook, AFailureIsKeptToo) {
  helper("echo x >> '" + scratch_.file("runs") + "'; echo the keyring is locked; exit 1");
  std::vector<std::string> users;
  login_book logins = book();
  for (int i = 0; i < 3; ++i) (void)test::run_task(io_, ask(logins, "r.example", users));
  EXPECT_EQ(users, std::vector<std::string>(3, "failed"));
  EXPECT_EQ(scratch_.read("runs"), "x\n");
}

/// A daemon gives a call up after 30 s and asks again; somebody who types a passphrase may need longer.
TEST_F(LoginBook, ACallThatIsGivenUpDoesNotEndTheHelper) {
  helper("echo x >> '" + scratch_.file("runs") + "'; while ! test -e '" + scratch_.file("typed") +
         "'; do sleep 0.02; done; echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
  std::vector<std::string> users;
  login_book logins = book();
  asio::cancellation_signal stop;
  bool ended = false;
  asio::co_spawn(io_, ask(logins, "r.example", users),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, auto) { ended = true; }));
  wait_for("runs");
  stop.emit(asio::cancellation_type::terminal);
  for (int i = 0; i < 100 && !ended; ++i) io_.run_one_for(10ms);
  EXPECT_TRUE(ended);
  scratch_.write("typed", "");
  (void)test::run_task(io_, ask(logins, "r.example", users));
  EXPECT_EQ(users, std::vector<std::string>{"u"});
  EXPECT_EQ(scratch_.read("runs"), "x\n");
}

TEST_F(LoginBook, ItsEndEndsTheHelpers) {
  helper("echo $$ > '" + scratch_.file("pid") + "'; sleep 600");
  std::vector<std::string> users;
  {
    login_book logins = book();
    asio::cancellation_signal stop;
    asio::co_spawn(io_, ask(logins, "r.example", users),
                   asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr, auto) {}));
    wait_for("pid");
    stop.emit(asio::cancellation_type::terminal);
    io_.poll();
  }
  io_.restart();
  io_.run_for(5s);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace peelbox::docker
