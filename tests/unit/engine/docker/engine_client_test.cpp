#include "engine/docker/engine_client.hpp"

#include <gmock/gmock.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>

#include "tests/support/run_task.hpp"
#include "tests/unit/engine/docker/scratch.hpp"

namespace peelbox::docker {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;
using local = asio::local::stream_protocol;

/// What an engine of the test's own does with a connection.
enum class manner { answer, cut_off, silent, close_after_head };

struct behaviour {
  manner load = manner::answer;
  manner ping = manner::answer;
  std::string reply;
};

class LoadImage : public testing::Test {
 protected:
  /// Reads a request to its end and answers it as `how` says. Each connection carries one.
  static task<void> serve(local::socket socket, const behaviour& how, std::vector<local::socket>& kept) {
    std::string seen;
    std::string part(64 << 10, '\0');
    bool is_load = false;
    manner what = manner::answer;
    for (;;) {
      auto [error, count] = co_await socket.async_read_some(asio::buffer(part), asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      seen.append(part, 0, count);
      if (seen.find("\r\n\r\n") == seen.npos) continue;
      is_load = is_load || seen.starts_with("POST /images/load");
      what = is_load ? how.load : how.ping;
      if (what == manner::silent) {
        kept.push_back(std::move(socket));
        co_return;
      }
      if (what == manner::close_after_head) co_return;
      if (!is_load || seen.ends_with("0\r\n\r\n")) break;
      if (seen.size() > 1 << 20) seen.erase(0, seen.size() - 100);
    }
    const std::string body = is_load ? how.reply : "OK";
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body;
    if (what == manner::cut_off) answer.resize(answer.size() - 5);
    (void)co_await asio::async_write(socket, asio::buffer(answer), asio::as_tuple(asio::use_awaitable));
  }
  static task<void> accept(local::acceptor& from, const behaviour& how, std::vector<local::socket>& kept) {
    for (;;) {
      auto [error, socket] = co_await from.async_accept(asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      asio::co_spawn(co_await asio::this_coro::executor, serve(std::move(socket), how, kept), asio::detached);
    }
  }

  /// Loads `megabytes` into an engine that behaves like that.
  result<std::string> load(behaviour how, int megabytes = 1, std::chrono::milliseconds silence = 100ms) {
    asio::io_context io;
    const std::string path = scratch_.file("docker.sock");
    std::vector<local::socket> kept;
    std::filesystem::remove(path);
    local::acceptor listener(io, local::endpoint(path));
    asio::co_spawn(io, accept(listener, how, kept), asio::detached);
    const engine_client engine(parse_engine_host("unix://" + path, false, "DOCKER_HOST").value());
    auto left = std::make_shared<int>(megabytes);
    auto loaded = test::run_task(io, engine.load_image(
                                         [left]() -> task<result<std::optional<byte_chain>>> {
                                           if ((*left)-- == 0) co_return std::optional<byte_chain>();
                                           byte_chain piece(byte_slice::of(std::string(1 << 20, 'x')));
                                           co_return std::optional<byte_chain>(std::move(piece));
                                         },
                                         silence));
    listener.close();
    return loaded;
  }
  static behaviour replying(std::string text, manner load = manner::answer) {
    return {load, manner::answer, std::move(text)};
  }

  test::scratch_directory scratch_;
};

constexpr const char* loaded_words = "{\"stream\":\"Loaded image: a:1\\n\"}\n";

TEST_F(LoadImage, WhatTheEngineSaysOfIt) {
  const auto said = load(replying(loaded_words));
  ASSERT_TRUE(said.has_value()) << said.error().text;
  EXPECT_TRUE(says_loaded(*said));
}

TEST_F(LoadImage, NothingSaidIsNotLoaded) {
  const auto said = load(replying(""));
  ASSERT_TRUE(said.has_value()) << said.error().text;
  EXPECT_FALSE(says_loaded(*said));
  EXPECT_FALSE(says_loaded("Importing"));
}

TEST_F(LoadImage, AnAnswerThatIsCutOffIsAnEngineThatWentAway) {
  for (const manner how : {manner::cut_off, manner::close_after_head}) {
    const auto said = load(replying(loaded_words, how), 8);
    ASSERT_TRUE(said.has_error());
    EXPECT_EQ(said.error().code, errc::lost) << said.error().text;
    EXPECT_THAT(said.error().text, HasSubstr("went away while it loaded the image"));
  }
}

TEST_F(LoadImage, AnEngineThatHangsIsGivenUp) {
  // Neither the rest of the archive is taken nor, of a small one, an answer comes.
  for (const int megabytes : {0, 16}) {
    const auto said = load({manner::silent, manner::close_after_head, {}}, megabytes);
    ASSERT_TRUE(said.has_error());
    EXPECT_EQ(said.error().code, errc::lost) << said.error().text;
    EXPECT_THAT(said.error().text, HasSubstr("does not answer a ping"));
  }
}

TEST_F(LoadImage, ARefusalIsTheEnginesOwnWord) {
  const auto said = load(replying("{\"errorDetail\":{\"message\":\"no space\"},\"error\":\"no space\"}\n"));
  ASSERT_TRUE(said.has_error());
  EXPECT_EQ(said.error().code, errc::io);
  EXPECT_THAT(said.error().text, HasSubstr("cannot load the image: no space"));
}

/// An engine that answers request after request of a connection.
class Calls : public testing::Test {
 protected:
  static constexpr const char* version_words = R"({"Version":"26.1.5","ApiVersion":"1.45","Os":"linux","Arch":"amd64"})";

  task<void> serve(local::socket socket) {
    std::string seen;
    std::string part(4096, '\0');
    for (std::size_t answered = 0; answered < most_;) {
      auto [error, count] = co_await socket.async_read_some(asio::buffer(part), asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      seen.append(part, 0, count);
      const auto end = seen.find("\r\n\r\n");
      if (end == seen.npos) continue;
      const std::string line = seen.substr(0, seen.find(" HTTP/"));
      asked_.push_back(line);
      EXPECT_THAT(seen, HasSubstr("Host: localhost\r\n"));
      seen.erase(0, end + 4);
      ++answered;
      const std::string body = line == "GET /version" ? version_words : line == "GET /info" ? "{\"Driver\":\"overlay2\"}" : "{}";
      std::string status = "200 OK";
      if (line.starts_with("GET /images/gone")) status = "404 Not Found";
      if (line.starts_with("GET /images/moved")) status = "301 Moved Permanently\r\nLocation: /version";
      const std::string answer =
          "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      (void)co_await asio::async_write(socket, asio::buffer(answer), asio::as_tuple(asio::use_awaitable));
    }
  }
  task<void> accept(local::acceptor& from) {
    for (;;) {
      auto [error, socket] = co_await from.async_accept(asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      ++accepted_;
      asio::co_spawn(co_await asio::this_coro::executor, serve(std::move(socket)), asio::detached);
    }
  }
  Calls() { asio::co_spawn(io_, accept(listener_), asio::detached); }

  test::scratch_directory scratch_;
  asio::io_context io_;
  std::string path_ = scratch_.file("docker.sock");
  local::acceptor listener_{io_, local::endpoint(path_)};
  std::size_t most_ = 100;
  int accepted_ = 0;
  std::vector<std::string> asked_;
  engine_client engine_{parse_engine_host("unix://" + path_, false, "DOCKER_HOST").value()};
};

TEST_F(Calls, ShareAConnection) {
  EXPECT_TRUE(test::run_task(io_, engine_.ping()).has_value());
  const auto version = test::run_task(io_, engine_.version());
  ASSERT_TRUE(version.has_value()) << version.error().text;
  EXPECT_EQ(version->api_version, "1.45");
  EXPECT_EQ(test::run_task(io_, engine_.info()).value().storage_driver, "overlay2");
  // A refusal ends no connection.
  EXPECT_EQ(test::run_task(io_, engine_.inspect_image("gone")).value(), std::nullopt);
  EXPECT_TRUE(test::run_task(io_, engine_.tag_image("a", "b", "c")).has_value());
  EXPECT_EQ(accepted_, 1);
  EXPECT_EQ(asked_.size(), 5u);
  EXPECT_EQ(asked_.back(), "POST /images/a/tag?repo=b&tag=c");
}

TEST_F(Calls, AnEngineMayCloseConnectionsAfterEachAnswer) {
  most_ = 1;
  for (int i = 0; i < 3; ++i) {
    const auto version = test::run_task(io_, engine_.version());
    ASSERT_TRUE(version.has_value()) << version.error().text;
  }
  EXPECT_TRUE(test::run_task(io_, engine_.tag_image("a", "b", "c")).has_value());
  EXPECT_EQ(accepted_, 4);
}

TEST_F(Calls, AnEngineThatWentAwayBetweenTwoCallsIsNamed) {
  most_ = 1;
  EXPECT_TRUE(test::run_task(io_, engine_.ping()).has_value());
  listener_.close();
  std::filesystem::remove(path_);
  const auto version = test::run_task(io_, engine_.version());
  ASSERT_TRUE(version.has_error());
  EXPECT_EQ(version.error().code, errc::not_found);
  EXPECT_THAT(version.error().text, HasSubstr("there is no such socket"));
}

TEST_F(Calls, ARedirectionIsARefusal) {
  const auto image = test::run_task(io_, engine_.inspect_image("moved"));
  ASSERT_TRUE(image.has_error());
  EXPECT_THAT(image.error().text, HasSubstr("HTTP status 301"));
  EXPECT_EQ(asked_.size(), 1u);
}

}  // namespace
}  // namespace peelbox::docker
