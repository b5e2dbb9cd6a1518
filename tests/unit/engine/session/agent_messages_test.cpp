#include "engine/session/agent_messages.hpp"

#include <gtest/gtest.h>

namespace peelbox::session {
namespace {

using namespace std::string_literals;

TEST(AgentFramer, CutsWhereverBytesArrive) {
  const std::string bytes = agent_frame("\x0b") + agent_frame("\x0d" "abc");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    agent_framer framer;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      framer.take(std::string_view(bytes).substr(at, piece));
      while (const auto message = framer.next().value()) found.push_back(*message);
    }
    EXPECT_EQ(found, (std::vector<std::string>{"\x0b", "\x0d" "abc"})) << piece;
  }
}

TEST(AgentFramer, HasABound) {
  agent_framer framer;
  framer.take("\0\0\0\0"s);
  EXPECT_EQ(framer.next().error().code, errc::protocol);
  agent_framer large;
  large.take("\0\4\0\1"s);
  EXPECT_EQ(large.next().error().code, errc::limit);
  agent_framer largest;
  largest.take(agent_frame(std::string(largest_agent_message, 'x')));
  EXPECT_EQ(largest.next().value()->size(), largest_agent_message);
}

TEST(AgentMessages, OnlyListingAndSigningIsAllowed) {
  for (int kind = 0; kind < 256; ++kind)
    EXPECT_EQ(is_allowed_request(std::string(1, static_cast<char>(kind)) + "rest"), kind == 11 || kind == 13) << kind;
  EXPECT_FALSE(is_allowed_request(""));
}

TEST(AgentMessages, AreThoseOfTheDraft) {
  std::string request = "\x0d";
  put_text(request, "key");
  put_text(request, "data");
  put_u32(request, 2);
  const auto parsed = parse_sign_request(request);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->key, "key");
  EXPECT_EQ(parsed->data, "data");
  EXPECT_EQ(parsed->flags, 2u);
  EXPECT_FALSE(parse_sign_request(request + "x"));
  EXPECT_FALSE(parse_sign_request(request.substr(0, request.size() - 1)));
  EXPECT_FALSE(parse_sign_request("\x0b"));
  EXPECT_EQ(identities_answer({{"k", "c"}}), "\x0c\0\0\0\1\0\0\0\1k\0\0\0\1c"s);
  EXPECT_EQ(sign_response("s"), "\x0e\0\0\0\1s"s);
  EXPECT_EQ(agent_refusal(), "\5"s);
}

TEST(AgentMessages, NumbersAreShortAndNeverNegative) {
  const auto number = [](std::string_view bytes) {
    std::string out;
    put_number(out, bytes);
    return out;
  };
  // RFC 4251, section 5
  EXPECT_EQ(number(""), "\0\0\0\0"s);
  EXPECT_EQ(number("\0"s), "\0\0\0\0"s);
  EXPECT_EQ(number("\x80"), "\0\0\0\2\0\x80"s);
  EXPECT_EQ(number("\0\0\x09\xa3"s), "\0\0\0\2\x09\xa3"s);
}

}  // namespace
}  // namespace peelbox::session
