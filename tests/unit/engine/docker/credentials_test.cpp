#include "engine/docker/credentials.hpp"

#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <thread>

#include "engine/docker/credential_helper.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/engine/docker/scratch.hpp"

namespace peelbox::docker {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class Credentials : public testing::Test {
 protected:
  void helper(const std::string& body) { scratch_.script("docker-credential-fake", body); }
  result<helper_login> run(std::chrono::milliseconds limit = 10s) {
    return run_credential_helper("fake", "https://r.example", limit, -1);
  }
  /// The helper's children have all been reaped.
  void TearDown() override {
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }
  /// The process whose id the helper wrote into `name` has gone.
  void expect_gone(const std::string& name) {
    const auto pid = static_cast<pid_t>(std::stol(scratch_.read(name)));
    // Killed, but its new parent may not have reaped it yet; bounded.
    for (int i = 0; i < 500 && ::kill(pid, 0) == 0; ++i) {
      const std::string state = stat_of(pid);
      if (state.find(") Z") != state.npos) return;
      std::this_thread::yield();
      ::poll(nullptr, 0, 10);
    }
    const std::string state = stat_of(pid);
    EXPECT_TRUE(::kill(pid, 0) != 0 || state.find(") Z") != state.npos) << state;
  }
  static std::string stat_of(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  test::scratch_directory scratch_;
  test::path_with path_{scratch_.path()};
};

TEST_F(Credentials, TheHelperGetsTheServerAndAnswers) {
  helper("cat > '" + scratch_.file("asked") + "'; test \"$1\" = get || exit 3\n"
         R"(echo '{"ServerURL":"x","Username":"u","Secret":"s"}')");
  auto r = run();
  ASSERT_TRUE(r.has_value()) << r.error().text;
  EXPECT_EQ(r->username, "u");
  EXPECT_EQ(r->secret, "s");
  EXPECT_EQ(scratch_.read("asked"), "https://r.example");  // without a newline
}

TEST_F(Credentials, AHelperThatDoesNotReadItsInputIsFine) {
  helper(R"(exec <&-; echo '{"Username":"u","Secret":"s"}')");
  EXPECT_TRUE(run().has_value());
}

TEST_F(Credentials, NoLoginIsNotAnError) {
  helper("echo 'credentials not found in native keychain'; exit 1");
  auto r = run();
  ASSERT_TRUE(r.has_value()) << r.error().text;
  EXPECT_TRUE(r->username.empty() && r->secret.empty());
}

TEST_F(Credentials, AFailureQuotesTheHelpersWords) {
  helper("echo 'the keyring is locked'; exit 2");
  auto r = run();
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::io);
  EXPECT_THAT(r.error().text, AllOf(HasSubstr("docker-credential-fake failed (exit code 2)"), HasSubstr("locked")));
  helper("echo 'no display' >&2; exit 1");
  EXPECT_THAT(run().error().text, HasSubstr("no display"));
  helper("kill -9 $$");
  EXPECT_THAT(run().error().text, AllOf(HasSubstr("signal 9"), HasSubstr("no reason")));
}

TEST_F(Credentials, AnAnswerThatIsNotUnderstoodIsNotPrinted) {
  for (const char* answer : {"s3cret", "{\"Username\":\"u\",\"Secret\":[\"s3cret\"]}", "[\"s3cret\"]", ""}) {
    helper(std::string("printf '%s' '") + answer + "'");
    auto r = run();
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code, errc::protocol);
    EXPECT_THAT(r.error().text, Not(HasSubstr("s3cret")));
  }
}

TEST_F(Credentials, AHelperThatHangsIsKilledWithItsChildren) {
  helper("echo $$ > '" + scratch_.file("pid") + "'; sleep 1000 & echo $! > '" + scratch_.file("child") + "'; wait");
  auto r = run(300ms);
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::timed_out);
  expect_gone("pid");
  expect_gone("child");
}

TEST_F(Credentials, AGrandchildThatKeepsThePipesOpenIsNotAwaited) {
  helper("sleep 60 & echo $! > '" + scratch_.file("child") + "'; echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
  auto r = run();  // awaiting it would end in timed_out
  EXPECT_TRUE(r.has_value()) << r.error().text;
  ::kill(static_cast<pid_t>(std::stol(scratch_.read("child"))), SIGKILL);
}

TEST_F(Credentials, AFloodEnds) {
  helper("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
  EXPECT_EQ(run().error().code, errc::limit);
  helper("head -c 1000000 /dev/zero >&2; echo '{\"Username\":\"u\",\"Secret\":\"s\"}'");
  EXPECT_TRUE(run().has_value());  // its complaints are bounded, its answer counts
}

TEST_F(Credentials, NamesThatAreNoNames) {
  for (const char* name : {"", "../x", "a/b", "a b", "a;b"}) {
    auto r = run_credential_helper(name, "r.example", 1s, -1);
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code, errc::usage);
  }
  auto r = run_credential_helper("is-not-installed", "r.example", 1s, -1);
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::not_found);
  EXPECT_THAT(r.error().text, HasSubstr("docker-credential-is-not-installed is not installed"));
  EXPECT_EQ(run_credential_helper("fake", "", 1s, -1).error().code, errc::usage);
  EXPECT_EQ(run_credential_helper("fake", std::string(5000, 'x'), 1s, -1).error().code, errc::usage);
}

TEST_F(Credentials, OrderOfSources) {
  helper("read server; test \"$server\" = https://index.docker.io/v1/ || test \"$server\" = h.example || exit 9\n"
         R"(echo '{"Username":"<token>","Secret":"T"}')");
  blocking_pool pool(1);
  config c = parse_config(R"({"credHelpers":{"h.example":"fake","docker.io":"fake"},
      "auths":{"h.example":{"auth":"dTpw"},"a.example":{"auth":"dTpw"}}})", "config.json").value();
  c.auths_of_environment["e.example"].auth = "ZTpm";
  c.auths_of_environment["h.example"].auth = "ZTpm";
  const auto find = [&](const char* host) { return test::run_task(find_credentials(host, c, pool)); };
  EXPECT_EQ(find("e.example").value().username, "e");
  EXPECT_EQ(find("h.example").value().username, "e");
  c.auths_of_environment.clear();
  EXPECT_EQ(find("h.example").value().username, "");
  EXPECT_EQ(find("h.example").value().secret, "T");
  EXPECT_EQ(find("registry-1.docker.io").value().secret, "T");
  EXPECT_EQ(find("a.example").value().username, "u");
  EXPECT_TRUE(find("other.example").value().empty());

  c.creds_store = "fake";
  auto r = find("other.example");  // the script refuses this one
  ASSERT_TRUE(r.has_error());
  EXPECT_THAT(r.error().text, HasSubstr("login for registry other.example: docker-credential-fake failed"));
  c.default_store = true;  // nobody asked for this helper
  EXPECT_TRUE(find("other.example").value().empty());
}

TEST_F(Credentials, CancellingKillsTheHelper) {
  helper("echo $$ > '" + scratch_.file("pid.new") + "'; mv '" + scratch_.file("pid.new") + "' '" +
         scratch_.file("pid") + "'; sleep 1000");
  config c;
  c.creds_store = "fake";
  asio::io_context io;
  blocking_pool pool(1);
  asio::cancellation_signal stop;
  bool aborted = false;
  asio::co_spawn(io, find_credentials("r.example", c, pool),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, auto) {
                   try {
                     if (e) std::rethrow_exception(e);
                   } catch (const boost::system::system_error& error) {
                     aborted = error.code() == asio::error::operation_aborted;
                   }
                 }));
  for (int i = 0; i < 1000 && !std::filesystem::exists(scratch_.file("pid")); ++i) io.run_one_for(10ms);
  ASSERT_TRUE(std::filesystem::exists(scratch_.file("pid")));
  stop.emit(asio::cancellation_type::terminal);
  io.run_for(5s);
  EXPECT_TRUE(aborted);
  expect_gone("pid");
}

}  // namespace
}  // namespace peelbox::docker
