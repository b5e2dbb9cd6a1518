#include "engine/registry/token.hpp"

#include <gmock/gmock.h>

namespace peelbox::registry {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Token, AQuestionIsAQuery) {
  const auto url = question_url({"https://auth.example/token?a=b", "reg.example:5000", {"repository:x/y:pull", "repository:z:pull,push"}});
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->text(),
            "https://auth.example/token?a=b&service=reg.example%3A5000&scope=repository%3Ax%2Fy%3Apull&scope=repository%3Az%3Apull%2Cpush");
  EXPECT_EQ(question_url({"nonsense", "", {}}).error().code, errc::protocol);
}

TEST(Token, AFormHoldsThePasswordOrTheIdentityToken) {
  docker::credentials login;
  login.username = "me";
  login.secret = "a&b=c";
  EXPECT_EQ(question_form({"", "s", {"repository:x:pull", "repository:y:pull"}}, login).body,
            "client_id=peelbox&grant_type=password&username=me&password=a%26b%3Dc&service=s&scope=repository%3Ax%3Apull%20repository%3Ay%3Apull");
  login.username.clear();
  EXPECT_THAT(question_form({"", "", {}, "other"}, login).body, HasSubstr("client_id=other&grant_type=refresh_token&refresh_token=a%26b"));
}

TEST(Token, WhoDoesNotKnowForms) {
  docker::credentials password;
  password.username = "me";
  EXPECT_TRUE(form_is_unknown(404, {}));
  EXPECT_TRUE(form_is_unknown(401, {}));
  EXPECT_TRUE(form_is_unknown(405, password));
  EXPECT_FALSE(form_is_unknown(405, {}));
  EXPECT_FALSE(form_is_unknown(500, password));
}

TEST(Token, Answers) {
  const auto full = parse_token(R"({"token":"abc","access_token":"other","expires_in":300,"issued_at":"2024-01-02T03:04:05Z"})");
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->value, "abc");
  EXPECT_EQ(full->expires_in.count(), 300);
  EXPECT_EQ(full->issued_at, "2024-01-02T03:04:05Z");
  EXPECT_EQ(parse_token(R"({"access_token":"x"})")->expires_in.count(), 60);
  EXPECT_EQ(parse_token(R"({"token":"x","expires_in":-5})")->expires_in.count(), 60);
  EXPECT_LT(parse_token(R"({"token":"x","expires_in":9223372036854775807})")->expires_in.count(), 40'000'000);
}

TEST(Token, WhenItWasIssued) {
  using std::chrono::system_clock;
  EXPECT_EQ(issue_time("1970-01-01T00:01:00Z"), system_clock::from_time_t(60));
  EXPECT_EQ(issue_time("1970-01-01T00:01:00.25Z"), system_clock::from_time_t(60));
  for (const char* text : {"", "yesterday", "1970-01-01", "1970-01-01T00:01:00+02:00"}) EXPECT_EQ(issue_time(text), std::nullopt) << text;
}

TEST(Token, WrongAnswersAreNotQuoted) {
  for (const char* text : {"", "[]", "{}", "{\"token\":1}", "{\"token\":\"se\\ncret\"}", "secret", "{\"token\":\"secret\xc3\xa9\"}"}) {
    const auto got = parse_token(text);
    ASSERT_TRUE(got.has_error()) << text;
    EXPECT_EQ(got.error().code, errc::protocol);
    EXPECT_THAT(got.error().text, Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace peelbox::registry
