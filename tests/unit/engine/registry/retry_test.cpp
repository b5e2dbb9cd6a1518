#include "engine/registry/retry.hpp"

#include <gmock/gmock.h>

namespace peelbox::registry {
namespace {

using namespace std::chrono_literals;

http::reply status_reply(int status, std::string retry = {}) {
  http::reply r;
  r.status = status;
  if (!retry.empty()) r.headers.emplace_back("Retry-After", std::move(retry));
  return r;
}

TEST(Retry, DoublesUpToABoundAndEnds) {
  const retry_policy policy{5, 500ms, 1500ms};
  EXPECT_EQ(wait_after(policy, 1, status_reply(503), 0), 500ms);
  EXPECT_EQ(wait_after(policy, 2, status_reply(503), 0), 1000ms);
  EXPECT_EQ(wait_after(policy, 3, status_reply(503), 0), 1500ms);
  EXPECT_EQ(wait_after(policy, 4, status_reply(503), 1), 750ms);
  EXPECT_EQ(wait_after(policy, 5, status_reply(503), 0), std::nullopt);
}

TEST(Retry, OnlyWhatPasses) {
  for (const int status : {200, 400, 401, 403, 404, 416, 501, 505}) EXPECT_EQ(wait_after({}, 1, status_reply(status), 0), std::nullopt) << status;
  for (const int status : {408, 429, 500, 502, 503, 504}) EXPECT_NE(wait_after({}, 1, status_reply(status), 0), std::nullopt) << status;
  EXPECT_NE(wait_after({}, 1, failure(errc::connection, ""), 0), std::nullopt);
  EXPECT_NE(wait_after({}, 1, failure(errc::timed_out, ""), 0), std::nullopt);
  for (const errc code : {errc::tls, errc::protocol, errc::permission, errc::usage, errc::limit, errc::cancelled})
    EXPECT_EQ(wait_after({}, 1, failure(code, ""), 0), std::nullopt);
}

TEST(Retry, TheRegistrysWishCounts) {
  EXPECT_EQ(wait_after({}, 1, status_reply(429, "3"), 1), 3000ms);
  EXPECT_EQ(wait_after({}, 1, status_reply(429, "0"), 0), 500ms);
  EXPECT_EQ(wait_after({}, 1, status_reply(429, "21"), 0), std::nullopt) << "longer than anybody waits";
  EXPECT_EQ(wait_after({}, 1, status_reply(429, "Wed, 21 Oct 2015 07:28:00 GMT"), 0), 500ms);
  EXPECT_EQ(retry_after(""), std::nullopt);
  EXPECT_EQ(retry_after("-1"), std::nullopt);
}

}  // namespace
}  // namespace peelbox::registry
