#include "cli/output_option.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using kind = output_option::kind;

TEST(Output, APathAloneIsADirectory) {
  // docker/buildx, util/buildflags/export.go
  for (const char* path : {"out", "./out.tar", "/abs/dir", "."}) {
    const auto output = parse_output(path);
    ASSERT_TRUE(output.has_value()) << path;
    EXPECT_EQ(output->type, kind::local);
    EXPECT_EQ(output->dest, path);
    EXPECT_TRUE(output->path_alone);
  }
  EXPECT_EQ(parse_output("-")->type, kind::tar);
  EXPECT_EQ(parse_output("-")->dest, "-");
  EXPECT_TRUE(parse_output("").has_error());
  EXPECT_TRUE(parse_output("dest=out").has_error());
}

TEST(Output, NamesAreTags) {
  EXPECT_EQ(parse_output("type=docker,name=a:1")->names, std::vector<std::string>{"a:1"});
  const auto several = parse_output("type=oci,dest=x,\"name=a:1,b:2\"");
  ASSERT_TRUE(several.has_value()) << several.error().text;
  EXPECT_EQ(several->names, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_TRUE(several->attributes.empty());
}

TEST(Output, FieldsWithoutEffectAreRefused) {
  EXPECT_NE(parse_output("type=docker,push=true").error().text.find("--output 'type=docker,push=true': push has no effect"),
            std::string::npos);
  EXPECT_TRUE(parse_output("type=oci,dest=x,comprssion=zstd").has_error());
}

TEST(Output, WhatIsNoFieldIsShownAsOne) {
  EXPECT_EQ(parse_output("type=oci, dest=x.tar").value().dest, "x.tar");
  EXPECT_NE(parse_output("type=oci,x").error().text.find("--output 'type=oci,x': expected key=value, found 'x'; expected type=oci"), std::string::npos);
  EXPECT_NE(parse_output("type=registry").error().text.find("nothing is pushed"), std::string::npos);
}

TEST(OutputOption, TakesEveryType) {
  const auto oci = parse_output("type=oci,dest=a.tar,compression=zstd");
  ASSERT_TRUE(oci.has_value());
  EXPECT_EQ(oci->type, kind::oci);
  EXPECT_EQ(oci->dest, "a.tar");
  EXPECT_EQ(oci->attributes, (std::map<std::string, std::string>{{"compression", "zstd"}}));
  EXPECT_EQ(parse_output("type=docker")->type, kind::docker);
  EXPECT_EQ(parse_output("type=local,dest=out")->type, kind::local);
  EXPECT_EQ(parse_output("type=tar,dest=-")->dest, "-");
  EXPECT_EQ(parse_output("type=cacheonly")->type, kind::cacheonly);
}

TEST(OutputOption, SaysWhatIsMissing) {
  const auto expect = [](const char* text, const char* part) {
    const auto output = parse_output(text);
    ASSERT_TRUE(output.has_error()) << text;
    EXPECT_EQ(output.error().code, errc::usage);
    EXPECT_NE(output.error().text.find(part), std::string::npos) << output.error().text;
  };
  expect("dest=a.tar", "type= is missing");
  expect("type=oci", "dest= is missing");
  expect("type=image,name=x", "no type 'image'");
  expect("type=local,dest=-", "type=tar,dest=-");
  expect("type=cacheonly,dest=x", "exports nothing");
  expect("type=local,dest=out,mode=mirror", "expected mode=copy");
  for (const char* no : {"false", "0", "F", "False"}) expect(("type=oci,dest=x,tar=" + std::string(no)).c_str(), "tar -xf FILE");
  expect("type=docker,dest=x,tar=false", "tar=false");
  EXPECT_TRUE(parse_output("type=oci,dest=x,tar=true").has_value());
  expect("", "expected key=value");
}

TEST(Attestations, AreOnByDefaultForOciOnly) {
  const auto oci = choose_attestations({}, *parse_output("type=oci,dest=a"));
  ASSERT_TRUE(oci.has_value());
  EXPECT_EQ(oci->wanted.sbom, "");
  EXPECT_EQ(oci->wanted.provenance, "mode=min");
  EXPECT_TRUE(oci->sbom_is_default);
  for (const char* other : {"type=docker,dest=a", "type=tar,dest=a", "type=local,dest=a"})
    EXPECT_FALSE(choose_attestations({}, *parse_output(other))->wanted.any()) << other;
}

TEST(Attestations, FlagsDecide) {
  const output_option oci = *parse_output("type=oci,dest=a");
  auto choice = choose_attestations({"generator=example/scan", "mode=max"}, oci);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->wanted.sbom, "generator=example/scan");
  EXPECT_EQ(choice->wanted.provenance, "mode=max");
  EXPECT_FALSE(choice->sbom_is_default);
  EXPECT_EQ(choose_attestations({{}, "max"}, oci)->wanted.provenance, "mode=max");
  EXPECT_EQ(choose_attestations({{}, "min"}, oci)->wanted.provenance, "mode=min");
  EXPECT_TRUE(choose_attestations({"max", {}}, oci).has_error());
  choice = choose_attestations({"false", "0"}, oci);
  EXPECT_FALSE(choice->wanted.any());
  EXPECT_EQ(choose_attestations({"maybe", {}}, oci).error().code, errc::usage);
  const auto docker = choose_attestations({"true", {}}, *parse_output("type=docker,dest=a"));
  ASSERT_TRUE(docker.has_error());
  EXPECT_NE(docker.error().text.find("type=oci"), std::string::npos);
}

}  // namespace
}  // namespace peelbox::cli
