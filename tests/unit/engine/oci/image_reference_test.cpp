#include "engine/oci/image_reference.hpp"

#include <gtest/gtest.h>

namespace peelbox::oci {
namespace {

const std::string hash = "sha256:" + std::string(64, 'a');

struct good_case {
  std::string written, full, familiar;
};

TEST(image_reference, normalises_like_docker) {
  const good_case cases[] = {
      {"alpine", "docker.io/library/alpine:latest", "alpine:latest"},
      {"alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"},
      {"peelbox/debian:12", "docker.io/peelbox/debian:12", "peelbox/debian:12"},
      {"docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
      {"index.docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
      {"library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
      {"localhost/x", "localhost/x:latest", "localhost/x:latest"},
      {"localhost:5000/x/y:t", "localhost:5000/x/y:t", "localhost:5000/x/y:t"},
      {"127.0.0.1:5000/x", "127.0.0.1:5000/x:latest", "127.0.0.1:5000/x:latest"},
      {"[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"},
      {"ghcr.io/a/b__c.d-e--f:v1", "ghcr.io/a/b__c.d-e--f:v1", "ghcr.io/a/b__c.d-e--f:v1"},
      {"docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest"},
      {"docker.io/localhost/c", "docker.io/localhost/c:latest", "docker.io/localhost/c:latest"},
      {std::string(64, 'a') + ":t", "docker.io/library/" + std::string(64, 'a') + ":t",
       std::string(64, 'a') + ":t"},
      {"HOST/x", "HOST/x:latest", "HOST/x:latest"},
      {"alpine@" + hash, "docker.io/library/alpine@" + hash, "alpine@" + hash},
      {"alpine:3@" + hash, "docker.io/library/alpine:3@" + hash, "alpine:3@" + hash},
  };
  for (const good_case& c : cases) {
    const auto parsed = parse_image_reference(c.written);
    ASSERT_TRUE(parsed) << c.written << ": " << parsed.error().text;
    EXPECT_EQ(parsed->text(), c.full);
    EXPECT_EQ(parsed->familiar(), c.familiar);
    EXPECT_EQ(parse_image_reference(c.full).value(), *parsed) << "the full form is stable";
    EXPECT_EQ(parse_image_reference(c.familiar).value(), *parsed) << "the short form means the same";
  }
}

TEST(image_reference, says_what_is_wrong) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "empty"},
      {"https://alpine", "scheme"},
      {"docker.io/library/Alpine", "lower case"},
      {"Alpine", "lower case"},
      {"alpine:", "tag"},
      {"alpine:-x", "tag"},
      {"alpine:" + std::string(129, 'a'), "tag"},
      {":3", "name before the tag"},
      {"@" + hash, "name before the tag"},
      {"a//b", "part of the repository is empty"},
      {"a/", "part of the repository is empty"},
      {"/a", "part of the repository is empty"},
      {"a___b", "may have only"},
      {"-a", "may have only"},
      {"a b", "may have only"},
      {"-x.io/a", "registry"},
      {"x.io:port/a", "registry"},
      {"x.io:/a", "registry"},
      {"alpine@sha256:12", "64 hexadecimal digits"},
      {std::string(64, 'b'), "id of an image"},
      {"a/" + std::string(300, 'b'), "longer than 255"},
  };
  for (const auto& [text, part] : cases) {
    const auto parsed = parse_image_reference(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, errc::usage);
    EXPECT_NE(parsed.error().text.find(part), std::string::npos) << text << ": " << parsed.error().text;
  }
}

}  // namespace
}  // namespace peelbox::oci
