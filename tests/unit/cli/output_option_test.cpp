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
  EXPECT_TRUE(parse_output("type=image,tar=false").has_error());
  EXPECT_NE(parse_output("type=registry,dest=x").error().text.find("for a file use type=oci,dest=x"), std::string::npos);
  EXPECT_TRUE(parse_output("type=oci,dest=x,comprssion=zstd").has_error());
}

TEST(Output, WhatIsNoFieldIsShownAsOne) {
  EXPECT_EQ(parse_output("type=oci, dest=x.tar").value().dest, "x.tar");
  EXPECT_NE(parse_output("type=oci,x").error().text.find("--output 'type=oci,x': expected key=value, found 'x'; expected type=oci"), std::string::npos);
  EXPECT_NE(parse_output("type=regstry").error().text.find("did you mean registry"), std::string::npos);
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
  EXPECT_EQ(parse_output("type=image")->type, kind::image);
  EXPECT_FALSE(parse_output("type=image")->pushes());
  EXPECT_FALSE(parse_output("type=image,push=false")->pushes());
  for (const char* pushed : {"type=registry", "type=image,push=true", "type=registry,registry.insecure=true"}) {
    const auto output = parse_output(pushed);
    ASSERT_TRUE(output.has_value()) << output.error().text;
    EXPECT_EQ(output->type, kind::image);
    EXPECT_TRUE(output->pushes());
  }
}

std::string kinds(const std::vector<std::string>& written, bool push, bool load) {
  const auto outputs = choose_outputs(written, push, load, "type=docker");
  if (outputs.has_error()) return outputs.error().text;
  std::string text;
  for (const output_option& one : *outputs) text += std::string(to_string(one.type)) + (one.pushes() ? " pushed;" : ";");
  return text;
}

TEST(Outputs, PushAndLoadAreShortForms) {
  EXPECT_EQ(kinds({}, false, false), "docker;");
  EXPECT_EQ(kinds({}, true, false), "image pushed;");
  EXPECT_EQ(kinds({}, true, true), "image pushed;docker;");
  EXPECT_EQ(kinds({"type=image"}, true, false), "image pushed;");
  EXPECT_EQ(kinds({"type=oci,dest=x"}, true, false), "oci;image pushed;");
  EXPECT_EQ(kinds({"type=docker"}, false, true), "docker;");
  EXPECT_EQ(kinds({"type=docker,dest=x"}, false, true), "docker;docker;");
}

TEST(OutputOption, AnImageCanBeADirectory) {
  for (const char* no : {"false", "0", "F", "False"})
    for (const char* type : {"oci", "docker"}) EXPECT_TRUE(parse_output("type=" + std::string(type) + ",dest=x,tar=" + no)->into_layout()) << no;
  EXPECT_EQ(parse_output("type=oci,dest=x,tar=false")->attributes.at("tar"), "false");
  for (const char* file : {"type=oci,dest=x", "type=oci,dest=x,tar=true", "type=oci,dest=x,tar=no", "type=docker", "type=tar,dest=x"})
    EXPECT_FALSE(parse_output(file)->into_layout()) << file;
  EXPECT_EQ(kinds({"type=oci,dest=x,tar=false", "type=oci,dest=y"}, false, false), "oci;oci;");
  EXPECT_NE(kinds({"type=oci,dest=x,tar=false", "type=docker,dest=y,tar=false"}, false, false).find("one image as a directory"), std::string::npos);
}

TEST(Outputs, EachHasAPlaceOfItsOwn) {
  EXPECT_NE(kinds({"type=oci,dest=x", "type=tar,dest=./x"}, false, false).find("written to ./x"), std::string::npos);
  EXPECT_NE(kinds({"-", "type=oci,dest=-"}, false, false).find("standard output"), std::string::npos);
  EXPECT_NE(kinds({"type=docker", "type=docker"}, false, false).find("twice"), std::string::npos);
  EXPECT_NE(kinds({"type=cacheonly", "out"}, false, false).find("leave it out"), std::string::npos);
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
  expect("type=img,name=x", "no type 'img'");
  expect("type=local,dest=-", "type=tar,dest=-");
  expect("type=cacheonly,dest=x", "exports nothing");
  expect("type=local,dest=out,mode=mirror", "expected mode=copy");
  expect("type=docker,tar=false", "is a directory; say which, as in type=docker,tar=false,dest=out");
  expect("type=oci,tar=0,dest=-", "is a directory");
  expect("", "expected key=value");
}

result<attestation_choice> choose(const attestation_flags& flags, const std::vector<const char*>& outputs,
                                  const attestation_defaults& defaults = {}) {
  std::vector<output_option> parsed;
  for (const char* output : outputs) parsed.push_back(*parse_output(output));
  return choose_attestations(flags, parsed, defaults);
}

TEST(Attestations, AreOnByDefaultWhereTheImageCanHoldThem) {
  const auto oci = choose({}, {"type=oci,dest=a"});
  ASSERT_TRUE(oci.has_value());
  EXPECT_EQ(oci->wanted.sbom, "");
  EXPECT_EQ(oci->wanted.provenance, "mode=min");
  EXPECT_TRUE(oci->sbom_is_default);
  for (const char* other : {"type=docker,dest=a", "type=tar,dest=a", "type=local,dest=a"})
    EXPECT_FALSE(choose({}, {other})->wanted.any()) << other;
  EXPECT_TRUE(choose({}, {"type=registry"})->wanted.any());
  EXPECT_TRUE(choose({}, {"type=local,dest=x", "type=oci,dest=a"})->wanted.any());
  EXPECT_FALSE(choose({}, {"type=docker,dest=x", "type=oci,dest=a"})->wanted.any());
  EXPECT_FALSE(choose({}, {"type=registry"}, {false, true})->wanted.sbom);
  EXPECT_EQ(choose({}, {"type=registry"}, {false, true})->wanted.provenance, "mode=min");
}

TEST(Attestations, FlagsDecide) {
  const std::vector<const char*> oci{"type=oci,dest=a"};
  auto choice = choose({"generator=example/scan", "mode=max"}, oci);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->wanted.sbom, "generator=example/scan");
  EXPECT_EQ(choice->wanted.provenance, "mode=max");
  EXPECT_FALSE(choice->sbom_is_default);
  EXPECT_EQ(choose({{}, "max"}, oci)->wanted.provenance, "mode=max");
  EXPECT_EQ(choose({{}, "min"}, oci)->wanted.provenance, "mode=min");
  EXPECT_TRUE(choose({"max", {}}, oci).has_error());
  choice = choose({"false", "0"}, oci);
  EXPECT_FALSE(choice->wanted.any());
  EXPECT_EQ(choose({"maybe", {}}, oci).error().code, errc::usage);
  const auto docker = choose({"true", {}}, {"type=docker,dest=a"});
  ASSERT_TRUE(docker.has_error());
  EXPECT_NE(docker.error().text.find("type=oci"), std::string::npos);
}

}  // namespace
}  // namespace peelbox::cli
