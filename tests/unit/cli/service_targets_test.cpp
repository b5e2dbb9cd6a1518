#include "cli/service_targets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

auto targets_of(const std::vector<std::string>& tags, const std::string& output, const std::vector<std::string>& services) {
  return service_targets(tags, {*parse_output(output)}, services);
}

std::string wrong(const std::vector<std::string>& tags, const std::string& output,
                  const std::vector<std::string>& services) {
  const auto targets = targets_of(tags, output, services);
  return targets ? std::string() : targets.error().text;
}

TEST(service_targets, one_service_needs_no_template) {
  const auto targets = targets_of({"app:1"}, "type=oci,dest=a.tar", {"api"});
  ASSERT_TRUE(targets);
  EXPECT_THAT(targets->front().image_names, ElementsAre("docker.io/library/app:1"));
  EXPECT_EQ(targets->front().outputs.front().dest, "a.tar");
}

TEST(service_targets, templates_and_names) {
  const auto targets = targets_of({"reg.io/x-{service}:1", "Web=other:2"}, "type=oci,dest=out/{service}.tar",
                                       {"API", "Web"});
  ASSERT_TRUE(targets) << targets.error().text;
  EXPECT_THAT((*targets)[0].image_names, ElementsAre("reg.io/x-api:1"));
  EXPECT_EQ((*targets)[0].outputs.front().dest, "out/API.tar");
  EXPECT_THAT((*targets)[1].image_names, ElementsAre("docker.io/library/other:2"));
  EXPECT_EQ((*targets)[1].outputs.front().dest, "out/Web.tar");
}

TEST(service_targets, an_image_may_have_several_names) {
  const std::string files = "type=oci,dest={service}.tar";
  const auto one = targets_of({"x:1", "x:2", "docker.io/library/x:1"}, files, {"a"});
  ASSERT_TRUE(one) << one.error().text;
  EXPECT_THAT(one->front().image_names, ElementsAre("docker.io/library/x:1", "docker.io/library/x:2"));
  const auto two = targets_of({"r/{service}:1", "r/{service}:2", "b=x:1", "b=y:1"}, files, {"a", "b"});
  ASSERT_TRUE(two) << two.error().text;
  EXPECT_THAT((*two)[0].image_names, ElementsAre("docker.io/r/a:1", "docker.io/r/a:2"));
  EXPECT_THAT((*two)[1].image_names, ElementsAre("docker.io/library/x:1", "docker.io/library/y:1"));
}

TEST(service_targets, name_in_the_output_is_a_tag) {
  const auto targets = targets_of({}, "type=oci,dest=x,\"name=a-{service}:1,b-{service}:1\"", {"S"});
  ASSERT_TRUE(targets) << targets.error().text;
  EXPECT_THAT(targets->front().image_names, ElementsAre("docker.io/library/a-s:1", "docker.io/library/b-s:1"));
  EXPECT_THAT(wrong({"c:1"}, "type=docker,name=a:1", {"S"}), HasSubstr("two ways"));
}

TEST(service_targets, every_output_has_the_names_and_a_place_of_its_own) {
  const std::vector<output_option> both{*parse_output("type=oci,dest=out/{service}.tar"), *parse_output("type=local,dest=out/{service}")};
  const auto targets = service_targets({"r/{service}:1"}, both, {"a", "b"});
  ASSERT_TRUE(targets) << targets.error().text;
  EXPECT_EQ((*targets)[1].outputs[0].dest, "out/b.tar");
  EXPECT_EQ((*targets)[1].outputs[1].dest, "out/b");
  EXPECT_TRUE((*targets)[1].makes_image());
  const std::vector<output_option> named{*parse_output("type=oci,dest=x,name=a:1"), *parse_output("type=image,name=b:1")};
  EXPECT_THAT(service_targets({}, named, {""}).error().text, HasSubstr("differ"));
}

TEST(service_targets, an_image_that_stays_in_a_file_may_have_no_name) {
  EXPECT_THAT(service_targets({}, {*parse_output("type=oci,dest=x")}, {""}, naming::stored_image)->front().image_names, ElementsAre());
  for (const char* output : {"type=registry", "type=docker"})
    EXPECT_THAT(service_targets({}, {*parse_output(output)}, {""}, naming::stored_image).error().text, HasSubstr("--tag REF is missing"));
}

TEST(service_targets, only_images_need_a_name) {
  for (const char* output : {"type=local,dest=x", "type=tar,dest=x", "type=cacheonly", "dir", "-"}) {
    const auto targets = targets_of({}, output, {"a"});
    ASSERT_TRUE(targets) << targets.error().text;
    EXPECT_TRUE(targets->front().image_names.empty());
  }
}

TEST(service_targets, a_name_never_leaves_the_directory) {
  const auto targets = targets_of({"a:1"}, "type=tar,dest=out/{service}", {"../../etc/x"});
  ASSERT_TRUE(targets);
  EXPECT_EQ(targets->front().outputs.front().dest, "out/-.-..-etc-x");
}

TEST(service_targets, says_what_is_missing_or_double) {
  const std::string files = "type=oci,dest={service}.tar";
  EXPECT_THAT(wrong({"app:1"}, files, {"a", "b"}), HasSubstr("app-{service}:1"));
  EXPECT_THAT(wrong({"a=x:1"}, files, {"a", "b"}), HasSubstr("service 'b' has no --tag"));
  EXPECT_THAT(wrong({"c=x:1"}, files, {"a", "b"}), HasSubstr("no service 'c'"));
  EXPECT_THAT(wrong({}, files, {"a"}), HasSubstr("--tag REF is missing"));
  EXPECT_THAT(wrong({}, files, {"a", "b"}), HasSubstr("service 'a' has no --tag"));
  EXPECT_THAT(wrong({"a=x:1", "b=x:1"}, files, {"a", "b"}), HasSubstr("would be called"));
  EXPECT_THAT(wrong({"{service}:1"}, "type=oci,dest=o.tar", {"a", "b"}), HasSubstr("written to o.tar"));
  EXPECT_THAT(wrong({"{service}:1"}, "type=oci,dest=-", {"a", "b"}), HasSubstr("standard output"));
  EXPECT_THAT(wrong({"{service}:1"}, files, {"a/b", "a-b"}), HasSubstr("would be called"));
  EXPECT_EQ(wrong({"{service}:1"}, "type=cacheonly", {"a", "b"}), "");
  EXPECT_THAT(wrong({"x@sha256:" + std::string(64, '0')}, files, {"a"}), HasSubstr("digest"));
}

}  // namespace
}  // namespace peelbox::cli
