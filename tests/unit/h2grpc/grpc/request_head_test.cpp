#include "h2grpc/grpc/request_head.hpp"

#include <gtest/gtest.h>

#include "h2grpc/grpc/status.hpp"

namespace peelbox::h2grpc {
namespace {

request_head sample() {
  request_head head;
  head.path = "/moby.buildkit.v1.Control/Solve";
  head.timeout = std::chrono::milliseconds(1500);
  head.custom = {{"x-key", "v"}, {"y-bin", "\x01"}};
  return head;
}

TEST(RequestHead, SurvivesTheRoundTrip) {
  const auto parsed = parse_request(make_request(sample()));
  const auto* head = std::get_if<request_head>(&parsed);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->path, "/moby.buildkit.v1.Control/Solve");
  EXPECT_EQ(head->authority, "localhost");
  EXPECT_EQ(head->timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(head->custom.get("x-key"), "v");
  EXPECT_EQ(head->custom.get("y-bin"), "\x01");
}

TEST(RequestHead, PseudoHeadersComeFirst) {
  bool ordinary = false;
  for (const auto& h : make_request(sample())) {
    EXPECT_TRUE(!ordinary || h.name.front() != ':') << h.name;
    ordinary = ordinary || h.name.front() != ':';
  }
}

struct bad_request {
  std::string header, value, http_status;
  code status;
};

TEST(RequestHead, RefusesByTable) {
  const bad_request table[] = {
      {":method", "GET", "405", code::internal},
      {"content-type", "text/plain", "415", code::internal},
      {"content-type", "application/grpcx", "415", code::internal},
      {":path", "nothing", "200", code::unimplemented},
      {":path", "/", "200", code::unimplemented},
      {":path", "/service", "200", code::unimplemented},
      {"grpc-timeout", "soon", "200", code::internal},
  };
  for (const auto& row : table) {
    auto headers = make_request(sample());
    for (auto& h : headers)
      if (h.name == row.header) h.value = row.value;
    const auto parsed = parse_request(headers);
    const auto* rejected = std::get_if<rejected_request>(&parsed);
    ASSERT_TRUE(rejected) << row.header << " " << row.value;
    EXPECT_EQ(*h2::find(rejected->response, ":status"), row.http_status);
    EXPECT_EQ(parse_status(rejected->response)->code, static_cast<int>(row.status));
  }
}

TEST(RequestHead, ContentTypes) {
  EXPECT_TRUE(is_grpc_content_type("application/grpc"));
  EXPECT_TRUE(is_grpc_content_type("application/grpc+proto"));
  EXPECT_TRUE(is_grpc_content_type("application/grpc;charset=utf-8"));
  EXPECT_FALSE(is_grpc_content_type("application/grpc-web"));
  EXPECT_FALSE(is_grpc_content_type(""));
}

TEST(ResponseHead, TellsWhatANonGrpcPeerIs) {
  EXPECT_FALSE(check_response(make_response({})));
  const auto missing = check_response({{":status", "404"}, {"content-type", "text/html"}});
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->code, static_cast<int>(code::unimplemented));
  EXPECT_NE(missing->message.find("404"), std::string::npos);
  const auto html = check_response({{":status", "200"}, {"content-type", "text/html"}});
  ASSERT_TRUE(html);
  EXPECT_EQ(html->code, static_cast<int>(code::unknown));
}

}  // namespace
}  // namespace peelbox::h2grpc
