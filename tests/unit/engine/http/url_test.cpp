#include "engine/http/url.hpp"

#include <gmock/gmock.h>

namespace peelbox::http {
namespace {

std::string resolved(std::string_view from, std::string_view reference) {
  const auto base = parse_url(from);
  const auto out = resolve(*base, reference);
  return out.has_error() ? "failure" : out->text();
}

TEST(Url, NamesOriginAndTarget) {
  const auto u = parse_url("HTTPS://Example.org:8443/a/b?c=d#e");
  ASSERT_TRUE(u.has_value()) << u.error().text;
  EXPECT_TRUE(u->where.tls);
  EXPECT_EQ(u->where.host, "example.org");
  EXPECT_EQ(u->where.port, 8443);
  EXPECT_EQ(u->target, "/a/b?c=d");
  EXPECT_EQ(u->where.host_header(), "example.org:8443");
  EXPECT_EQ(u->text(), "https://example.org:8443/a/b?c=d");
  EXPECT_EQ(parse_url("http://h")->target, "/");
  EXPECT_EQ(parse_url("http://h?x=1")->target, "/?x=1");
  EXPECT_EQ(parse_url("http://h:80/")->where.host_header(), "h");
  EXPECT_EQ(parse_url("https://[::1]:5000/v2/")->where.host, "::1");
  EXPECT_EQ(parse_url("https://[::1]:5000/v2/")->where.host_header(), "[::1]:5000");
  EXPECT_EQ(parse_url("https://[fe80::1]/")->where.port, 443);
}

TEST(Url, RefusesWhatIsNone) {
  for (const std::string_view bad : {"", "h", "ftp://h/", "http://", "http:///x", "http://h:0/", "http://h:65536/", "http://h:x/",
                                     "http://u:p@h/", "http://h/a b", "http://h/\n", "http://[::1/", "https://:443/"})
    EXPECT_TRUE(parse_url(bad).has_error()) << bad;
  EXPECT_EQ(parse_url("http://u:secret@h/").error().text.find("secret"), std::string::npos);
}

TEST(Url, ResolvesReferences) {
  EXPECT_EQ(resolved("http://h/a/b?q", "c"), "http://h/a/c");
  EXPECT_EQ(resolved("http://h/a/b?q", "/c?d"), "http://h/c?d");
  EXPECT_EQ(resolved("http://h/a/b?q", "?d"), "http://h/a/b?d");
  EXPECT_EQ(resolved("http://h/a/b", "../../../c/./d/"), "http://h/c/d/");
  EXPECT_EQ(resolved("http://h/a/b/", ".."), "http://h/a/");
  EXPECT_EQ(resolved("https://h/a", "//other:1/x"), "https://other:1/x");
  EXPECT_EQ(resolved("https://h/a", "http://other/x#y"), "http://other/x");
  EXPECT_EQ(resolved("https://h/a", "/x?to=http://z/"), "https://h/x?to=http://z/");
  EXPECT_EQ(resolved("https://h/a", "ftp://z/"), "failure");
  EXPECT_EQ(resolved("https://h/a", "/x y"), "failure");
}

}  // namespace
}  // namespace peelbox::http
