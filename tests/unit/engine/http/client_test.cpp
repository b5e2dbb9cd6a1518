#include "engine/http/client.hpp"

#include <gmock/gmock.h>

#include <deque>

#include "engine/async/event.hpp"
#include "engine/async/task_group.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// A server of whatever origin is dialled: each connection answers request after request with what `answers` has for its
/// first line, and ends after as many requests as `most` says.
struct web {
  std::map<std::string, std::string> answers;
  std::vector<std::string> dialled;
  std::vector<std::string> asked;
  std::size_t most = 100;
  int open = 0;
  task_group* group = nullptr;

  dial_function dial() {
    return [this](const origin_address& to) { return connect(to); };
  }

  task<result<transport::stream_ptr>> connect(origin_address to) {
    dialled.push_back(to.text());
    auto pair = test::make_memory_pair(co_await asio::this_coro::executor);
    group->spawn(serve(to.text(), std::move(pair.b)));
    co_return std::move(pair.a);
  }

  task<result<void>> serve(std::string origin, transport::stream_ptr on) {
    struct counted {
      int& open;
      explicit counted(int& count) : open(count) { ++open; }
      ~counted() { --open; }
    };
    const counted here(open);
    std::string seen;
    for (std::size_t i = 0; i < most;) {
      const auto got = co_await on->read();
      if (got.has_error() || got->empty()) co_return result<void>();
      seen += as_text(*got);
      const auto end = seen.find("\r\n\r\n");
      if (end == seen.npos) continue;
      const std::string line = seen.substr(0, seen.find(" HTTP/"));
      asked.push_back(origin + " " + line + (seen.find("Authorization") == seen.npos ? "" : " with login"));
      seen.erase(0, end + 4);
      ++i;
      const auto found = answers.find(line);
      byte_chain bytes(byte_slice::of(found == answers.end() ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" : found->second));
      (void)co_await on->write(std::move(bytes));
    }
    co_return result<void>();
  }
};

std::string redirect(int status, const std::string& to) {
  return "HTTP/1.1 " + std::to_string(status) + " Moved\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n";
}
constexpr const char* ok_reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::vector<std::string> run(web& server, std::vector<std::pair<std::string, request>> all, client_options options = {}) {
  std::vector<std::string> got;
  asio::io_context io;
  const auto ended = test::run_task(io, task_group::run([&](task_group& group) -> task<result<void>> {
    server.group = &group;
    client web_client(options, server.dial());
    for (auto& [where, what] : all) {
      auto sending = web_client.send(*parse_url(where), what, {});
      const result<reply> answer = co_await std::move(sending);
      got.push_back(answer.has_error() ? answer.error().text : std::to_string(answer->status) + " " + answer->body);
    }
    co_return result<void>();
  }));
  EXPECT_TRUE(ended.has_value());
  return got;
}

TEST(HttpClient, KeepsAConnectionForEachOrigin) {
  web server{{{"GET /a", ok_reply}, {"GET /b", ok_reply}}, {}, {}};
  EXPECT_THAT(run(server, {{"http://x/a", {}}, {"http://x/b", {}}, {"http://y/a", {}}}), ElementsAre("200 ok", "200 ok", "200 ok"));
  EXPECT_THAT(server.dialled, ElementsAre("http://x", "http://y"));
}

TEST(HttpClient, AConnectionThatWasClosedWhileIdleIsReplaced) {
  web server{{{"GET /a", ok_reply}}, {}, {}};
  server.most = 1;
  EXPECT_THAT(run(server, {{"http://x/a", {}}, {"http://x/a", {}}}), ElementsAre("200 ok", "200 ok"));
  EXPECT_THAT(server.dialled, ElementsAre("http://x", "http://x"));
}

TEST(HttpClient, AnIdleConnectionIsClosedWithoutAnotherRequest) {
  web server{{{"GET /a", ok_reply}}, {}, {}};
  client_options options;
  options.idle_limit = 30ms;
  asio::io_context io;
  const auto ended = test::run_task(io, task_group::run([&](task_group& group) -> task<result<void>> {
    server.group = &group;
    client web_client(options, server.dial());
    const url where = parse_url("http://x/a").value();
    for (int i = 0; i < 2; ++i) {
      auto sending = web_client.send(where, {}, {});
      const result<reply> answer = co_await std::move(sending);
      EXPECT_TRUE(answer.has_value());
    }
    EXPECT_EQ(server.dialled.size(), 1u);
    EXPECT_EQ(server.open, 1);
    event later(co_await asio::this_coro::executor);
    for (int i = 0; i < 500 && server.open > 0; ++i) co_await later.wait_for(10ms);
    EXPECT_EQ(server.open, 0);
    auto sending = web_client.send(where, {}, {});
    const result<reply> answer = co_await std::move(sending);
    EXPECT_TRUE(answer.has_value());
    EXPECT_EQ(server.dialled.size(), 2u);
    co_return result<void>();
  }));
  EXPECT_TRUE(ended.has_value());
  EXPECT_EQ(server.open, 0);  // the client has gone before its next timer
}

TEST(HttpClient, RedirectionsMayBeReplies) {
  web server{{{"GET /a", redirect(302, "/b")}}, {}, {}};
  client_options options;
  options.redirections = 0;
  EXPECT_THAT(run(server, {{"http://x/a", {}}}, options), ElementsAre("302 "));
}

TEST(HttpClient, FollowsRedirectionsWithoutTheLoginOfAnotherOrigin) {
  web server{{{"GET /a", redirect(302, "/b")}, {"GET /b", redirect(307, "https://y/c")}, {"GET /c", ok_reply}}, {}, {}};
  request what;
  what.headers.emplace_back("Authorization", "Bearer x");
  EXPECT_THAT(run(server, {{"http://x/a", what}}), ElementsAre("200 ok"));
  EXPECT_THAT(server.asked, ElementsAre("http://x GET /a with login", "http://x GET /b with login", "https://y GET /c"));
}

TEST(HttpClient, NeverFollowsToALessSafePlaceOrWithoutEnd) {
  web server{{{"GET /a", redirect(302, "http://x/b")}, {"GET /l", redirect(302, "/l")}}, {}, {}};
  EXPECT_THAT(run(server, {{"https://x/a", {}}}), ElementsAre("302 "));
  EXPECT_THAT(run(server, {{"https://x/l", {}}}).front(), HasSubstr("too many redirections, more than 10"));
}

TEST(HttpClient, AfterSeeOtherAPostBecomesAGet) {
  web server{{{"POST /a", redirect(303, "/b")}, {"GET /b", ok_reply}, {"POST /c", redirect(302, "/b")}}, {}, {}};
  request what;
  what.method = "POST";
  EXPECT_THAT(run(server, {{"http://x/a", what}, {"http://x/c", what}}), ElementsAre("200 ok", "302 "));
}

}  // namespace
}  // namespace peelbox::http
