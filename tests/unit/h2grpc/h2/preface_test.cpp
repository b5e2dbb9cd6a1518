#include "h2grpc/h2/preface.hpp"

#include <gtest/gtest.h>

#include "h2grpc/h2/session.hpp"

namespace peelbox::h2grpc::h2 {
namespace {

std::string verdict(std::string_view first, role ours, bool complete = false) {
  return not_http2(as_bytes(first), ours, complete).value_or("");
}

TEST(Preface, AClientRecognisesOtherPeers) {
  const std::string_view http2("\0\0\6\4\0\0\0\0\0", 9);
  for (std::size_t n = 0; n <= http2.size(); ++n) EXPECT_EQ(verdict(http2.substr(0, n), role::client, true), "");
  EXPECT_EQ(verdict("HTTP/1.1 400 Bad Request\r\nServer: x\r\n", role::client),
            "the peer answered HTTP/1.x: not a gRPC endpoint (\"HTTP/1.1 400 Bad Request\")");
  EXPECT_EQ(verdict("HTTP/1.1 400", role::client), "") << "waits for the line's end";
  EXPECT_NE(verdict("HTTP/1.1 400", role::client, true), "");
  EXPECT_EQ(verdict("\x15\x03\x01", role::client), "the peer speaks TLS; use tls options");
  EXPECT_EQ(verdict("\x15", role::client), "");
  EXPECT_NE(verdict("SSH-2.0-OpenSSH\r\n", role::client).find("SSH-2.0-OpenSSH"), std::string::npos);
}

TEST(Preface, AServerTakesOnlyTheMagic) {
  const std::string_view magic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  for (std::size_t n = 0; n <= magic.size(); ++n) EXPECT_EQ(verdict(magic.substr(0, n), role::server), "");
  EXPECT_NE(verdict("GET / HTTP/1.1\r\n", role::server).find("GET / HTTP/1.1"), std::string::npos);
  EXPECT_NE(verdict("\x16\x03\x01", role::server).find("TLS"), std::string::npos);
}

TEST(Preface, TheSessionFailsWithTheText) {
  session_options o;
  for (const std::size_t piece : {1u, 5u, 100u}) {
    session client(o);
    const std::string_view page = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    std::optional<failure> why;
    for (std::size_t at = 0; at < page.size() && !why; at += piece)
      if (auto fed = client.feed(as_bytes(page.substr(at, piece))); fed.has_error()) why = fed.error();
    ASSERT_TRUE(why) << piece;
    EXPECT_EQ(why->code, errc::protocol);
    EXPECT_NE(why->text.find("HTTP/1.1 404 Not Found"), std::string::npos) << why->text;
  }
}

TEST(Preface, AnAlertAndTheEndTellTls) {
  session client({});
  ASSERT_TRUE(client.feed(as_bytes("\x15")).has_value());
  EXPECT_TRUE(client.feed_end());
  session fresh({});
  EXPECT_FALSE(fresh.feed_end());
}

}  // namespace
}  // namespace peelbox::h2grpc::h2
