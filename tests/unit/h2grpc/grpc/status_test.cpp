#include "h2grpc/grpc/status.hpp"

#include <gtest/gtest.h>

#include "engine/async/base64.hpp"
#include "engine/async/percent.hpp"

namespace peelbox::h2grpc {
namespace {

TEST(Status, PercentEncodingSurvivesEveryByte) {
  for (int a = 0; a < 256; ++a) {
    const std::string text{'x', static_cast<char>(a), '%', '4'};
    const std::string encoded = percent_encode(text);
    for (const char c : encoded) EXPECT_TRUE(c >= 0x20 && c <= 0x7e);
    EXPECT_EQ(percent_decoded(encoded), text);
  }
  EXPECT_EQ(percent_encode("a b%\n\xc3\xa9"), "a b%25%0A%C3%A9");
}

TEST(Status, PercentDecodingIsLenient) {
  EXPECT_EQ(percent_decoded("100%"), "100%");
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%zz%41%6a"), "%zzAj");
}

TEST(Status, HeadersRoundTripWithDetails) {
  grpc_status status = make_status(code::unknown, "process \"/bin/sh\" failed\n\xe2\x80\x9c");
  status.details.push_back({"github.com/moby/buildkit/errdefs.Vertex+json", R"({"digest":"sha256:00"})"});
  status.details.push_back({"", std::string(70'000, '\0')});
  h2::header_list headers;
  append_status(status, headers);
  const auto back = parse_status(headers);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->code, status.code);
  EXPECT_EQ(back->message, status.message);
  ASSERT_EQ(back->details.size(), 2u);
  EXPECT_EQ(back->details[0].type_url, status.details[0].type_url);
  EXPECT_EQ(back->details[0].value, status.details[0].value);
  EXPECT_EQ(back->details[1].value, status.details[1].value);
}

TEST(Status, DetailsWithPaddingAndUnknownFields) {
  // Field 9 (varint), then code 5, then a detail with an unknown fixed32 inside.
  const std::string proto("\x48\x2a\x08\x05\x1a\x08\x12\x01v\x1d\x01\x02\x03\x04", 14);
  std::string text = base64_without_padding(proto);
  while (text.size() % 4 != 0) text += '=';
  const auto status = parse_status({{"grpc-status", "5"}, {"grpc-status-details-bin", text}});
  ASSERT_TRUE(status);
  ASSERT_EQ(status->details.size(), 1u);
  EXPECT_EQ(status->details[0].value, "v");
}

TEST(Status, TruncatedProtoAtEveryLengthIsRefusedOrAPrefix) {
  grpc_status status = make_status(code::internal, "message");
  status.details.push_back({"url", "value"});
  const std::string whole = encode_status_proto(status);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto part = decode_status_proto(std::string_view(whole).substr(0, n));
    EXPECT_TRUE(!part || part->details.empty()) << n;
  }
  EXPECT_TRUE(decode_status_proto(whole));
  EXPECT_FALSE(decode_status_proto("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

TEST(Status, MissingOrMalformed) {
  EXPECT_FALSE(parse_status({{":status", "200"}}));
  for (const char* text : {"", "x", "1x", "-1", "99999999999"})
    EXPECT_EQ(parse_status({{"grpc-status", text}})->code, static_cast<int>(code::unknown)) << text;
  EXPECT_TRUE(parse_status({{"grpc-status", "0"}, {"grpc-status-details-bin", "***"}})->ok());
}

TEST(Status, NamesAsGrpcGoSpellsThem) {
  EXPECT_EQ(code_name(0), "OK");
  EXPECT_EQ(code_name(1), "Canceled");
  EXPECT_EQ(code_name(4), "DeadlineExceeded");
  EXPECT_EQ(code_name(16), "Unauthenticated");
  EXPECT_EQ(code_name(17), "Code(17)");
  EXPECT_EQ(code_name(-1), "Code(-1)");
}

TEST(Status, FailureTextLeavesUnknownOut) {
  EXPECT_EQ(status_failure(make_status(code::not_found, "no such job"), "status").text, "status: NotFound: no such job");
  EXPECT_EQ(status_failure(make_status(code::unknown, "boom"), "solve").text, "solve: boom");
  EXPECT_EQ(status_failure(make_status(code::unknown), "solve").text, "solve: Unknown");
  const failure f = status_failure(make_status(code::unavailable, "x"), "");
  EXPECT_EQ(f.text, "Unavailable: x");
  EXPECT_EQ(f.code, errc::remote);
  ASSERT_TRUE(f.status);
  EXPECT_EQ(f.status->code, 14);
}

TEST(Status, HttpAndResetTables) {
  EXPECT_EQ(code_of_http_status(400), code::internal);
  EXPECT_EQ(code_of_http_status(404), code::unimplemented);
  EXPECT_EQ(code_of_http_status(503), code::unavailable);
  EXPECT_EQ(code_of_http_status(418), code::unknown);
  EXPECT_EQ(code_of_reset(h2::error_code::cancel), code::cancelled);
  EXPECT_EQ(code_of_reset(h2::error_code::refused_stream), code::unavailable);
  EXPECT_EQ(code_of_reset(h2::error_code::enhance_your_calm), code::resource_exhausted);
  EXPECT_EQ(code_of_reset(h2::error_code::protocol_error), code::internal);
  EXPECT_EQ(code_of_reset(static_cast<h2::error_code>(77)), code::unknown);
}

}  // namespace
}  // namespace peelbox::h2grpc
