#include "engine/http/proxy.hpp"

#include <gmock/gmock.h>

#include <map>

namespace peelbox::http {
namespace {

using variables = std::map<std::string, std::string, std::less<>>;

std::string chosen(std::string_view to, const variables& set) {
  const environment env = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = set.find(name);
    if (found == set.end()) return std::nullopt;
    return found->second;
  };
  const auto out = find_proxy(parse_url(to)->where, env);
  if (out.has_error()) return "failure: " + out.error().text;
  return *out ? (*out)->where.text() + ((*out)->credentials.empty() ? "" : " " + (*out)->credentials) : "none";
}

TEST(Proxy, IsThatOfTheScheme) {
  const variables both{{"HTTPS_PROXY", "http://s:3128"}, {"HTTP_PROXY", "p:8080"}};
  EXPECT_EQ(chosen("https://example.org/", both), "http://s:3128");
  EXPECT_EQ(chosen("http://example.org/", both), "http://p:8080");
  EXPECT_EQ(chosen("https://example.org/", {{"HTTPS_PROXY", "http://s"}, {"https_proxy", "https://l:1"}}), "https://l:1");
  EXPECT_EQ(chosen("https://example.org/", {}), "none");
  EXPECT_EQ(chosen("http://example.org/", {{"HTTP_PROXY", "p"}, {"REQUEST_METHOD", "GET"}}), "none");
}

TEST(Proxy, CredentialsAreDecodedAndNeverTold) {
  EXPECT_EQ(chosen("https://x.org/", {{"HTTPS_PROXY", "http://us%40er:p%3aw@h:1/"}}), "http://h:1 us@er:p:w");
  EXPECT_THAT(chosen("https://x.org/", {{"HTTPS_PROXY", "socks5://user:secret@h:1"}}),
              testing::AllOf(testing::StartsWith("failure: environment variable HTTPS_PROXY"), testing::Not(testing::HasSubstr("secret"))));
}

TEST(Proxy, NoProxyNamesWhatIsReachedDirectly) {
  const auto with = [](std::string_view to, std::string none) {
    return chosen(to, {{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", std::move(none)}}) == "none";
  };
  EXPECT_TRUE(with("https://a.example.org/", "example.org"));
  EXPECT_TRUE(with("https://example.org/", "other, example.ORG"));
  EXPECT_FALSE(with("https://example.org/", ".example.org"));
  EXPECT_TRUE(with("https://a.example.org/", ".example.org"));
  EXPECT_TRUE(with("https://a.example.org/", "*.example.org"));
  EXPECT_FALSE(with("https://notexample.org/", "example.org"));
  EXPECT_TRUE(with("https://example.org:8443/", "example.org:8443"));
  EXPECT_FALSE(with("https://example.org/", "example.org:8443"));
  EXPECT_TRUE(with("https://10.1.2.3/", "10.0.0.0/8"));
  EXPECT_FALSE(with("https://11.1.2.3/", "10.0.0.0/8"));
  EXPECT_TRUE(with("https://10.1.2.3/", "10.1.2.3"));
  EXPECT_TRUE(with("https://[2001:db8::5]/", "2001:db8::/33"));
  EXPECT_FALSE(with("https://[2001:db8:8000::5]/", "2001:db8::/33"));
  EXPECT_TRUE(with("https://[2001:db8::5]/", "[2001:db8::5]:443"));
  EXPECT_TRUE(with("https://example.org/", "*"));
  EXPECT_TRUE(with("https://localhost/", ""));
  EXPECT_TRUE(with("https://127.3.4.5/", ""));
  EXPECT_TRUE(with("https://[::1]/", ""));
}

}  // namespace
}  // namespace peelbox::http
