#include "cli/aws_keys.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/tree_script.hpp"

namespace peelbox::cli {
namespace {

constexpr const char* credentials =
    "# comment\n[default]\naws_access_key_id = AKIA1\r\naws_secret_access_key=se=cret\n\n"
    "[ci]\naws_access_key_id=AKIA2\naws_secret_access_key=other\naws_session_token = token\n s3 =\n   aws_access_key_id = nested\n"
    "[half]\naws_access_key_id=AKIA3\nno ini\n";

std::string found(std::string_view file, std::string_view config, std::string_view profile) {
  const auto keys = find_aws_keys(file, config, profile);
  return keys ? keys->id + " " + keys->secret + " " + keys->session_token : "none";
}

TEST(AwsKeys, AreThoseOfTheProfile) {
  EXPECT_EQ(found(credentials, "", "default"), "AKIA1 se=cret ");
  EXPECT_EQ(found(credentials, "", "ci"), "AKIA2 other token");
  EXPECT_EQ(found(credentials, "", "half"), "none");
  EXPECT_EQ(found(credentials, "", "nobody"), "none");
  EXPECT_EQ(found("", "[profile half]\naws_access_key_id=a\naws_secret_access_key=b", "half"), "a b ");
  EXPECT_EQ(found("", "[default]\naws_access_key_id=a\naws_secret_access_key=b", "default"), "a b ");
  EXPECT_EQ(found(credentials, "[profile ci]\naws_access_key_id=a\naws_secret_access_key=b", "ci"), "AKIA2 other token");
  for (const char* text : {"", "[", "]", "=", "[]\n=", "[default", "[default]"}) EXPECT_EQ(found(text, text, "default"), "none") << text;
}

TEST(AwsKeys, FilesCountWhereTheEnvironmentHasNone) {
  test::temp_dir home;
  test::write_file(home.path() + "/.aws/credentials", credentials);
  std::map<std::string, std::string, std::less<>> set{{"HOME", home.path()}};
  const environment variables = [&set](std::string_view name) -> std::optional<std::string> {
    const auto one = set.find(name);
    return one == set.end() ? std::nullopt : std::optional(one->second);
  };
  EXPECT_EQ(with_aws_files(variables)("AWS_ACCESS_KEY_ID"), "AKIA1");
  EXPECT_EQ(with_aws_files(variables)("HOME"), home.path());
  set["AWS_PROFILE"] = "ci";
  EXPECT_EQ(with_aws_files(variables)("AWS_SESSION_TOKEN"), "token");
  set["AWS_PROFILE"] = "nobody";
  EXPECT_EQ(with_aws_files(variables)("AWS_ACCESS_KEY_ID"), std::nullopt);
  set["AWS_PROFILE"] = "ci";
  set["AWS_ACCESS_KEY_ID"] = "mine";
  set["AWS_SECRET_ACCESS_KEY"] = "too";
  EXPECT_EQ(with_aws_files(variables)("AWS_ACCESS_KEY_ID"), "mine");
  EXPECT_EQ(with_aws_files(variables)("AWS_SESSION_TOKEN"), std::nullopt);
  set["AWS_SHARED_CREDENTIALS_FILE"] = home.path() + "/none";
  set.erase("AWS_ACCESS_KEY_ID");
  EXPECT_EQ(with_aws_files(variables)("AWS_SECRET_ACCESS_KEY"), "too");
}

}  // namespace
}  // namespace peelbox::cli
