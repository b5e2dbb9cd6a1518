#include "engine/kubernetes/api_status.hpp"

#include <gmock/gmock.h>

namespace peelbox::kubernetes {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const asked list_pods{"list", {pods(), "b", "", ""}, "user u", "https://k:6443"};
const asked open_exec{"get", {pods(), "b", "p", "exec"}, "user u", "https://k:6443"};

TEST(ApiStatus, ReadsWhatTheServerSays) {
  const auto ended = parse_status(R"({"status":"Failure","reason":"NonZeroExitCode","message":"m",
    "details":{"causes":[{"reason":"ExitCode","message":"7"}]}})");
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 7);
  EXPECT_FALSE(ended->success);
  EXPECT_TRUE(parse_status(R"({"status":"Success"})")->success);
  EXPECT_EQ(parse_status(R"({"kind":"Status","status":"Failure","code":409,"reason":"Conflict"})")->code, 409);
  for (const char* text : {"", "<html>", "[]", R"({"status":"Terminating"})", R"({"status":3})"}) EXPECT_FALSE(parse_status(text)) << text;
}

TEST(ApiStatus, AMissingRightIsNamedAsARule) {
  const failure why = refusal(list_pods, 403, R"({"status":"Failure","reason":"Forbidden","message":"pods is forbidden: User \"u\""})");
  EXPECT_EQ(why.code, errc::permission);
  EXPECT_THAT(why.text, AllOf(HasSubstr("https://k:6443"), HasSubstr("list pods in namespace b"), HasSubstr("as user u"),
                              HasSubstr("pods is forbidden"), HasSubstr(R"(apiGroups [""], resources ["pods"], verbs ["list"])")));
  EXPECT_THAT(refusal(open_exec, 403, R"({"status":"Failure","message":"x"})").text,
              HasSubstr(R"(resources ["pods/exec"], verbs ["get", "create"])"));
}

TEST(ApiStatus, ARefusedUpgradeWithoutWordsIsNotAboutRights) {
  EXPECT_THAT(refusal(open_exec, 403, "").text, AllOf(HasSubstr("not about rights"), testing::Not(HasSubstr("Role"))));
}

TEST(ApiStatus, PagesOfProxiesAreQuotedInPart) {
  const failure why = refusal(list_pods, 502, std::string(5000, 'x'));
  EXPECT_EQ(why.code, errc::connection);
  EXPECT_LT(why.text.size(), 500U);
  EXPECT_EQ(refusal(list_pods, 409, "").code, errc::lost);
  EXPECT_EQ(refusal(list_pods, 404, "404 page not found").code, errc::not_found);
}

}  // namespace
}  // namespace peelbox::kubernetes
