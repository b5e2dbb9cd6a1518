#include "engine/http/websocket.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "engine/async/timeout.hpp"
#include "tests/support/run_task.hpp"
#include "transport/socket_stream.hpp"

namespace peelbox::http {
namespace {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;
using local = asio::local::stream_protocol;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr auto awaitable_tuple = asio::as_tuple(asio::use_awaitable);

/// Beast's server; what it does after the handshake is the test's.
struct server {
  explicit server(local::socket on) : socket(std::move(on)) {}

  ws::stream<local::socket, false> socket;
  std::string choose;  ///< the protocol it chooses; empty: none
  std::string seen;    ///< the head of the request
  std::string got;     ///< the messages that have come
  beast::error_code error;
};

task<bool> accept(server& s) {
  beast::flat_buffer buffer;
  beast::http::request<beast::http::string_body> request;
  const auto [error, count] = co_await beast::http::async_read(s.socket.next_layer(), buffer, request, awaitable_tuple);
  if (error) co_return false;
  for (const auto& field : request) s.seen.append(field.name_string()).append(": ").append(field.value()).append("\n");
  s.seen.append(request.target());
  if (!s.choose.empty())
    s.socket.set_option(ws::stream_base::decorator([choice = s.choose](ws::response_type& reply) {
      reply.set(beast::http::field::sec_websocket_protocol, choice);
    }));
  const auto [refused] = co_await s.socket.async_accept(request, awaitable_tuple);
  co_return !refused;
}

/// Echoes until the client closes.
task<void> echo(std::shared_ptr<server> s) {
  if (!co_await accept(*s)) co_return;
  for (;;) {
    beast::flat_buffer buffer;
    const auto [error, count] = co_await s->socket.async_read(buffer, awaitable_tuple);
    s->error = error;
    if (error) co_return;
    s->got += beast::buffers_to_string(buffer.data());
    s->socket.binary(s->socket.got_binary());
    (void)co_await s->socket.async_write(buffer.data(), awaitable_tuple);
  }
}

/// Sends one message of that size and waits for the client's next word.
task<void> send(std::shared_ptr<server> s, std::size_t size, bool binary) {
  if (!co_await accept(*s)) co_return;
  const std::string text(size, 'x');
  s->socket.binary(binary);
  (void)co_await s->socket.async_write(asio::buffer(text), awaitable_tuple);
  beast::flat_buffer buffer;
  const auto [error, count] = co_await s->socket.async_read(buffer, awaitable_tuple);
  s->error = error;
}

task<void> close(std::shared_ptr<server> s, ws::close_code code, std::string reason) {
  if (!co_await accept(*s)) co_return;
  const ws::close_reason why(code, reason);
  (void)co_await s->socket.async_close(why, awaitable_tuple);
}

/// Does the handshake, and nothing more.
task<void> hang(std::shared_ptr<server> s) { (void)co_await accept(*s); }

/// Answers the request with `bytes` and ends the connection, or keeps it.
task<void> answer(std::shared_ptr<server> s, std::string bytes, bool ends) {
  std::string part(4096, '\0');
  (void)co_await s->socket.next_layer().async_read_some(asio::buffer(part), awaitable_tuple);
  (void)co_await asio::async_write(s->socket.next_layer(), asio::buffer(bytes), awaitable_tuple);
  if (ends) s->socket.next_layer().close();
}

task<result<std::string>> read_text(websocket& from) {
  auto reading = from.read();
  const result<std::optional<byte_view>> got = co_await std::move(reading);
  if (got.has_error()) co_return got.error();
  co_return *got ? std::string(as_text(**got)) : "(closed)";
}

class WebSocket : public testing::Test {
 protected:
  WebSocket() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = transport::make_socket_stream(
        transport::stream_socket(io_.get_executor(), asio::generic::stream_protocol(AF_UNIX, 0), ends[0]), "unix://pair");
    server_ = std::make_shared<server>(local::socket(io_, local(), ends[1]));
    request_.target = "/api/v1/exec?command=a";
    request_.host = "kube.test";
    limits_.handshake = 5s;
    limits_.stall = 5s;
  }
  void serve(task<void> work) { asio::co_spawn(io_, std::move(work), asio::detached); }
  result<std::unique_ptr<websocket>> open() {
    return test::run_task(io_, websocket::open(std::move(ours_), request_, limits_));
  }
  failure not_opened() {
    auto opened = open();
    EXPECT_TRUE(opened.has_error());
    return opened.has_error() ? opened.error() : failure();
  }
  result<std::string> read(websocket& from) { return test::run_task(io_, read_text(from)); }
  result<void> write(websocket& to, std::string text) {
    byte_chain chain(byte_slice::of(std::move(text)));
    return test::run_task(io_, to.write(std::move(chain)));
  }
  result<void> close(websocket& one) { return test::run_task(io_, one.close()); }

  asio::io_context io_;
  transport::stream_ptr ours_;
  std::shared_ptr<server> server_;
  websocket_request request_;
  websocket_limits limits_;
};

TEST_F(WebSocket, CarriesMessagesOfAllSizes) {
  request_.headers = {{"Authorization", "Bearer x"}};
  request_.protocols = {"v5.channel.k8s.io", "v4.channel.k8s.io"};
  server_->choose = "v4.channel.k8s.io";
  serve(echo(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  websocket& socket = **opened;
  EXPECT_EQ(socket.protocol(), "v4.channel.k8s.io");
  EXPECT_THAT(server_->seen, AllOf(HasSubstr("Host: kube.test\n"), HasSubstr("Authorization: Bearer x\n"),
                                   HasSubstr("Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io\n"),
                                   HasSubstr("User-Agent: peelbox\n"), HasSubstr("/api/v1/exec?command=a")));
  for (const std::size_t size : {0u, 1u, 125u, 126u, 70'000u, 3'000'000u}) {
    const std::string text(size, 'y');
    std::optional<result<void>> sent;
    byte_chain chain;
    // In pieces, as a chain may be.
    for (std::size_t at = 0; at < size; at += 40'000) chain.append(byte_slice::of(text.substr(at, 40'000)));
    asio::co_spawn(io_, socket.write(std::move(chain)), [&sent](std::exception_ptr, result<void> r) { sent.emplace(r); });
    const auto got = read(socket);
    ASSERT_TRUE(got.has_value()) << got.error().text;
    EXPECT_TRUE(*got == text) << size;
    ASSERT_TRUE(sent && sent->has_value());
  }
  EXPECT_TRUE(close(socket).has_value());
  EXPECT_TRUE(close(socket).has_value());
  EXPECT_EQ(server_->error, ws::error::closed);
  EXPECT_EQ(server_->socket.reason().code, ws::close_code::normal);
  EXPECT_EQ(read(socket).error().code, errc::cancelled);
}

TEST_F(WebSocket, AProtocolNeedNotBeChosen) {
  request_.protocols = {"v5.channel.k8s.io"};
  serve(echo(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  EXPECT_EQ((*opened)->protocol(), "");
}

TEST_F(WebSocket, AProtocolThatWasNotOfferedIsRefused) {
  request_.protocols = {"v5.channel.k8s.io"};
  server_->choose = "v6.channel.k8s.io";
  serve(echo(server_));
  const failure why = not_opened();
  EXPECT_EQ(why.code, errc::protocol);
  EXPECT_THAT(why.text, HasSubstr("\"v6.channel.k8s.io\", which was not offered"));
}

TEST_F(WebSocket, ARefusalIsInThePeersOwnWords) {
  const std::string words = R"({"kind":"Status","message":"pods \"a\" is forbidden"})";
  serve(answer(server_, "HTTP/1.1 403 Forbidden\r\nContent-Length: " + std::to_string(words.size()) + "\r\n\r\n" + words, false));
  const failure why = not_opened();
  EXPECT_EQ(why.code, errc::permission);
  EXPECT_EQ(why.who, origin::peer);
  EXPECT_THAT(why.text, AllOf(HasSubstr("unix://pair: GET /api/v1/exec?command=a"), HasSubstr("HTTP status 403"),
                              HasSubstr("pods \"a\" is forbidden")));
}

TEST_F(WebSocket, ARefusalWithoutALength) {
  serve(answer(server_, "HTTP/1.1 404 Not Found\r\n\r\nno such pod\n", true));
  const failure why = not_opened();
  EXPECT_EQ(why.code, errc::not_found);
  EXPECT_THAT(why.text, HasSubstr("no such pod"));
}

TEST_F(WebSocket, WhatDoesNotSpeakWebSocket) {
  serve(answer(server_, "SSH-2.0-OpenSSH\r\n\r\n", false));
  EXPECT_EQ(not_opened().code, errc::protocol);
}

TEST_F(WebSocket, AWrongProofIsRefused) {
  serve(answer(server_, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: AAAA\r\n\r\n", false));
  EXPECT_EQ(not_opened().code, errc::protocol);
}

TEST_F(WebSocket, AnEndInsteadOfAnAnswer) {
  serve(answer(server_, "", true));
  EXPECT_EQ(not_opened().code, errc::connection);
}

TEST_F(WebSocket, NoAnswer) {
  limits_.handshake = 50ms;
  const failure why = not_opened();
  EXPECT_EQ(why.code, errc::timed_out);
  EXPECT_THAT(why.text, HasSubstr("no answer to the WebSocket handshake within 50 ms"));
}

TEST_F(WebSocket, AHeaderThatEndsItsLineIsNotSent) {
  request_.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(not_opened().code, errc::usage);
}

TEST_F(WebSocket, AMessageBeyondTheLimit) {
  limits_.message = 1000;
  serve(send(server_, 1001, true));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  const auto got = read(**opened);
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::limit);
  EXPECT_THAT(got.error().text, HasSubstr("larger than 1000 bytes"));
  EXPECT_TRUE(close(**opened).has_value());
  io_.run_for(1s);
  EXPECT_EQ(server_->socket.reason().code, ws::close_code::too_big);
}

TEST_F(WebSocket, TextIsNotExpected) {
  serve(send(server_, 10, false));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  const auto got = read(**opened);
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::protocol);
}

TEST_F(WebSocket, ThePeerCloses) {
  serve(::peelbox::http::close(server_, ws::close_code::normal, ""));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(read(**opened).value(), "(closed)");
  const auto sent = write(**opened, "x");
  ASSERT_TRUE(sent.has_error());
  EXPECT_EQ(sent.error().code, errc::closed);
  EXPECT_TRUE(close(**opened).has_value());
}

TEST_F(WebSocket, ThePeerClosesWithAnError) {
  serve(::peelbox::http::close(server_, ws::close_code::internal_error, "container not found"));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  const auto got = read(**opened);
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::closed);
  EXPECT_THAT(got.error().text, HasSubstr("with code 1011: container not found"));
}

TEST_F(WebSocket, ThePeerVanishes) {
  serve(hang(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  server_->socket.next_layer().close();
  const auto got = read(**opened);
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::connection);
  EXPECT_THAT(got.error().text, HasSubstr("unix://pair"));
}

TEST_F(WebSocket, AReadMayBeCancelled) {
  serve(hang(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  const auto got = test::run_task(io_, with_timeout(read_text(**opened), 30ms, "late"));
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::timed_out);
  EXPECT_EQ(got.error().text, "late");
  EXPECT_TRUE(close(**opened).has_value());
}

TEST_F(WebSocket, APeerThatTakesNothing) {
  limits_.stall = 50ms;
  serve(hang(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  const auto sent = write(**opened, std::string(8 << 20, 'x'));
  ASSERT_TRUE(sent.has_error());
  EXPECT_EQ(sent.error().code, errc::timed_out);
  EXPECT_THAT(sent.error().text, HasSubstr("taken nothing for 50 ms"));
  EXPECT_TRUE(close(**opened).has_value());
}

TEST_F(WebSocket, AWriteMayBeCancelled) {
  serve(hang(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  byte_chain chain(byte_slice::of(std::string(8 << 20, 'x')));
  const auto sent = test::run_task(io_, with_timeout((*opened)->write(std::move(chain)), 30ms, "late"));
  ASSERT_TRUE(sent.has_error());
  EXPECT_EQ(sent.error().text, "late");
  EXPECT_TRUE(close(**opened).has_value());
}

TEST_F(WebSocket, APeerThatDoesNotAnswerTheGoodbye) {
  limits_.close = 50ms;
  serve(hang(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  const auto closed = close(**opened);
  ASSERT_TRUE(closed.has_error());
  EXPECT_EQ(closed.error().code, errc::timed_out);
  EXPECT_THAT(closed.error().text, HasSubstr("did not close the WebSocket within 50 ms"));
}

TEST_F(WebSocket, AReadEndsWhenWeClose) {
  serve(echo(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  std::optional<result<std::string>> got;
  asio::co_spawn(io_, read_text(**opened), [&got](std::exception_ptr, result<std::string> r) { got.emplace(r); });
  EXPECT_TRUE(close(**opened).has_value());
  io_.restart();
  io_.run_for(1s);
  ASSERT_TRUE(got.has_value());
  ASSERT_TRUE(got->has_error());
  EXPECT_EQ(got->error().code, errc::cancelled);
}

TEST_F(WebSocket, SilenceIsNoErrorWhilePingsAreAnswered) {
  limits_.silence = 100ms;
  serve(echo(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  // The peer answers pings.
  EXPECT_EQ(test::run_task(io_, with_timeout(read_text(**opened), 500ms, "late")).error().text, "late");
}

TEST_F(WebSocket, SilenceWithoutAnAnswerToPings) {
  limits_.silence = 100ms;
  serve(hang(server_));
  auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  const auto got = read(**opened);
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::timed_out);
  EXPECT_THAT(got.error().text, HasSubstr("nothing has come for 100 ms"));
}

}  // namespace
}  // namespace peelbox::http
