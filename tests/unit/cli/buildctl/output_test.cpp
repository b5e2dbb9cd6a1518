#include "cli/buildctl/output.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli::buildctl {
namespace {

using testing::HasSubstr;
using kind = output_option::kind;

TEST(BuildctlOutput, AttributesGoToTheDaemonAsTheyAre) {
  const auto image = parse_output("type=image,\"name=a,b\",push=true,whatever=x");
  ASSERT_TRUE(image.has_value()) << image.error().text;
  EXPECT_EQ(image->type, kind::image);
  EXPECT_EQ(image->attributes, (std::map<std::string, std::string>{{"name", "a,b"}, {"push", "true"}, {"whatever", "x"}}));
  EXPECT_TRUE(image->names.empty());
}

TEST(BuildctlOutput, AFileWithoutADestGoesToStandardOutput) {
  EXPECT_EQ(parse_output("type=tar")->dest, "-");
  EXPECT_EQ(parse_output("type=docker")->dest, "-");
  EXPECT_FALSE(parse_output("type=docker")->into_docker());
  EXPECT_EQ(parse_output("type=oci,dest=x.tar")->dest, "x.tar");
  EXPECT_EQ(parse_output("type=local,dest=-")->dest, "-");
  EXPECT_EQ(parse_output("type=oci,tar=false,dest=-")->dest, "-");
  EXPECT_TRUE(parse_output("type=docker,tar=0,dest=x")->into_layout());
}

TEST(BuildctlOutput, SaysWhatIsWrong) {
  const auto text = [](const char* output) { return parse_output(output).error().text; };
  EXPECT_THAT(text("dest=x"), HasSubstr("--output requires type=<type>"));
  EXPECT_THAT(text("type=local"), HasSubstr("output directory is required for local exporter"));
  EXPECT_THAT(text("type=image,dest=x"), HasSubstr("output x is not supported by image exporter"));
  EXPECT_THAT(text("type=tar,output=x"), HasSubstr("you meant dest=x?"));
  EXPECT_THAT(text("type=nope"), HasSubstr("unsupported exporter nope"));
  EXPECT_THAT(text("type=oci,tar=false"), HasSubstr("output directory is required for oci exporter"));
}

}  // namespace
}  // namespace peelbox::cli::buildctl
