#include "cli/template_evaluate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/json_tree.hpp"

namespace peelbox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view may_be_absent[] = {"Labels", "variant", "SPDX"};

template_data example_data() {
  template_data all;
  all.whole = test::json_tree(R"({"name":"n"})");
  all.members.push_back({"Name", boost::json::string("n"), {}, {}});
  all.members.push_back({"Image", test::json_tree(R"({"os":"linux","os.version":"10","config":{"Env":["A=1","B=2"],"Labels":{"a.b":"c"},"Tty":true,"Cmd":null},
                                         "rootfs":{"diff_ids":["x"]},"n":7,"f":1.5,"bad":"a\u001b[31mb\nc"})"),
                         may_be_absent, {}});
  all.members.push_back({"SBOM", test::json_tree(R"({"linux/amd64":{"SPDX":{"packages":[{"name":"p"}]}}})"), may_be_absent, {"linux/amd64", "linux/arm64"}});
  return all;
}

std::string printed(std::string_view text) {
  const auto made = parse_template(text);
  if (made.has_error()) return "not parsed: " + made.error().text;
  const auto out = evaluate_template(*made, example_data());
  return out.has_error() ? out.error().text : *out;
}

TEST(TemplateEvaluate, PrintsFields) {
  EXPECT_EQ(printed("x {{.Name}} y"), "x n y");
  EXPECT_EQ(printed("{{.Image.os}}{{.Image.OS}} {{.Image.OSVersion}} {{json .Image.RootFS.DiffIDs}}"), "linuxlinux 10 [\n  \"x\"\n]");
  EXPECT_EQ(printed("{{.Image.n}} {{.Image.f}} {{.Image.Config.Tty}} {{.Image.Config.Cmd}}|"), "7 1.5 true |");
  EXPECT_EQ(printed("{{json .}}"), "{\n  \"name\": \"n\"\n}");
  EXPECT_EQ(printed("{{json .Name}} {{json 3}} {{json \"a\"}} {{\"b\"}}"), "\"n\" 3 \"a\" b");
  EXPECT_EQ(printed("{{println .Name 1}}{{println}}"), "n 1\n\n");
  EXPECT_EQ(printed("{{.Image.config.Env | len}} {{len .Image.config.Labels}} {{len .Name}} {{len .Image.Variant}}"), "2 1 1 0");
}

TEST(TemplateEvaluate, Indexes) {
  EXPECT_EQ(printed("{{index .Image.Config.Labels \"a.b\"}}{{index .Image.Config.Labels \"none\"}}"), "c");
  EXPECT_EQ(printed("{{index .Image.Config.Env 1}}"), "B=2");
  EXPECT_EQ(printed("{{json (index .Image \"os\")}}"),
            "--format, column 22: .Image is not by key here; its fields are: os, os.version, config, rootfs, n, f, bad");
  EXPECT_EQ(printed("{{(index (index .SBOM \"linux/amd64\").SPDX.packages 0).name}}"), "p");
  EXPECT_EQ(printed("{{(index .SBOM \"linux/amd64\" \"SPDX\" \"packages\" 0).name}}"), "p");
  EXPECT_EQ(printed("{{json (index .SBOM \"linux/arm64\").SPDX}}"), "null");
  EXPECT_THAT(printed("{{index .SBOM \"linux/amd46\"}}"), HasSubstr(".SBOM has no \"linux/amd46\"; there are: linux/amd64, linux/arm64; did you mean linux/amd64?"));
  EXPECT_THAT(printed("{{index .Image.Config.Env 2}}"), HasSubstr("has 2 elements; the first one is 0"));
  EXPECT_THAT(printed("{{index .Image.Config.Env \"A\"}}"), HasSubstr("is a list: it is indexed with a number"));
  EXPECT_THAT(printed("{{index .Image.Config.Labels 0}}"), HasSubstr("is indexed with a text"));
  EXPECT_THAT(printed("{{index .Name 0}}"), HasSubstr(".Name cannot be indexed: it is text"));
}

TEST(TemplateEvaluate, SaysWhatIsThere) {
  EXPECT_EQ(printed("{{.Image.Confg.Env}}"), "--format, column 9: .Image has no field Confg; there are: os, os.version, config, rootfs, n, f, bad; did you mean config?");
  EXPECT_THAT(printed("{{.Name.X}}"), HasSubstr("column 8: .Name has no field X: it is text"));
  EXPECT_THAT(printed("{{(index .SBOM \"linux/arm64\").SPXD}}"), HasSubstr("has no field SPXD: it is not there"));
  EXPECT_THAT(printed("{{(index .SBOM \"linux/arm64\").SPDX.packages}}"), HasSubstr("has no field packages: it is not there"));
  EXPECT_THAT(printed("{{.Image.Config}}"), HasSubstr("column 3: .Image.Config is an object: write {{json .Image.Config}}"));
  EXPECT_THAT(printed("{{println .Image.Config.Env}}"), HasSubstr("is a list: write {{json .Image.Config.Env}}"));
  EXPECT_THAT(printed("{{.}}"), HasSubstr("write {{json .}}"));
  EXPECT_THAT(printed("{{len 3}}"), HasSubstr("3 has no length: it is a number"));
  EXPECT_EQ(printed("{{.Image.Variant}}{{json .Image.Config.Variant}}"), "null");
}

TEST(TemplateEvaluate, TextOfOthersIsHarmless) {
  EXPECT_EQ(printed("{{.Image.bad}}"), "ab\nc");
  EXPECT_EQ(printed("{{json .Image.bad}}"), "\"a\\u001b[31mb\\nc\"");
  EXPECT_EQ(printed("{{println .Image.bad}}"), "ab\nc\n");
}

TEST(TemplateEvaluate, PrintsOnlySoMuch) {
  for (const char* text : {"{{.Image.OS}}{{.Image.OS}}", "{{println .Image.OS .Image.OS}}", "{{json (json (json .Name))}}", "0123456789"}) {
    const auto parsed = parse_template(text).value();
    EXPECT_EQ(evaluate_template(parsed, example_data(), 9).error().code, errc::limit) << text;
    EXPECT_TRUE(evaluate_template(parsed, example_data(), 40).has_value()) << text;
  }
}

TEST(TemplateNeeds, AreWhatItNames) {
  const auto needs = [](std::string_view text) { return needs_of(parse_template(text).value(), {"Name", "Image", "SBOM"}); };
  EXPECT_FALSE(needs("{{.Name}}")->has("Image"));
  EXPECT_TRUE(needs("{{json (println .Image.Config)}}")->has("Image", "linux/amd64"));
  EXPECT_TRUE(needs("{{json .}}")->whole);
  EXPECT_FALSE(needs("{{json .Name}}")->whole);
  const auto one = needs("{{json (index .SBOM \"linux/amd64\").SPDX}}");
  EXPECT_TRUE(one->has("SBOM", "linux/amd64"));
  EXPECT_FALSE(one->has("SBOM", "linux/arm64"));
  EXPECT_THAT(*one->fields.at("SBOM"), ElementsAre("linux/amd64"));
  const auto all = needs("{{index .SBOM \"linux/amd64\"}}{{json .SBOM}}");
  EXPECT_TRUE(all->has("SBOM", "linux/arm64"));
  EXPECT_THAT(needs("{{json (index .Sbom \"a\")}}").error().text, HasSubstr("column 15: there is no .Sbom; there are: Name, Image, SBOM; did you mean SBOM?"));
}

}  // namespace
}  // namespace peelbox::cli
