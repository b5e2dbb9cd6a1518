#include "cli/frontend_question.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using testing::HasSubstr;

TEST(FrontendQuestion, HasAMethodAndAForm) {
  EXPECT_FALSE(parse_question("build")->has_value());
  const auto check = **parse_question("check");
  EXPECT_EQ(check.method, "lint");
  EXPECT_FALSE(check.as_json);
  const auto outline = **parse_question("outline,format=json,ignorestatus=true");
  EXPECT_EQ(outline.method, "outline");
  EXPECT_TRUE(outline.as_json);
  EXPECT_TRUE(outline.ignores_status);
  for (const char* bad : {"", "format=json", "check,format=xml", "check,x=y", "check,json"})
    EXPECT_THAT(parse_question(bad).error().text, HasSubstr("--call")) << bad;
}

TEST(FrontendQuestion, TheAnswerIsTextOrJson) {
  const frontend_question text{"targets", false, false};
  const client::frontend_answer answer{{"result.txt", "TARGET\na\x1b[31m\n"}, {"result.json", "{}"}, {"result.statuscode", "1"}};
  EXPECT_EQ(answer_text(text, answer)->find('\x1b'), std::string::npos);
  EXPECT_EQ(*answer_text({"targets", true, false}, answer), "{}");
  EXPECT_TRUE(tells_of_trouble(text, answer));
  EXPECT_FALSE(tells_of_trouble({"lint", false, true}, answer));
  EXPECT_FALSE(tells_of_trouble(text, {}));
  EXPECT_EQ(*answer_text({"lint", false, false}, {{"result.txt", ""}}), "Check complete, no warnings found.");
  EXPECT_THAT(answer_text({"lint", false, false}, {}).error().text, HasSubstr("no answer to --call check"));
}

}  // namespace
}  // namespace peelbox::cli
