#include "engine/oci/layout_index.hpp"

#include <gtest/gtest.h>

#include "engine/oci/digest.hpp"

namespace peelbox::oci {
namespace {

const std::string one = digest_of("one");
const std::string two = digest_of("two");

std::string index_descriptor(const std::string& digest) {
  return R"({"mediaType":"application/vnd.oci.image.index.v1+json","digest":")" + digest + R"(","size":3})";
}

result<std::string> with_tag(std::string_view index, std::string_view entry, const std::string& tag) {
  const layout_name name{"", tag};
  return with_names(index, entry, {&name, 1});
}

TEST(LayoutIndex, ATagLeadsToADigest) {
  const std::string first = with_tag("", index_descriptor(one), "latest").value();
  EXPECT_EQ(first, R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":")" + one +
                       R"(","size":3,"annotations":{"org.opencontainers.image.ref.name":"latest"}}]})");
  EXPECT_EQ(tagged_digest(first, "latest").value(), one);
  EXPECT_EQ(tagged_digest(first, "other").value(), std::nullopt);
  EXPECT_EQ(tagged_digest("{}", "latest").value(), std::nullopt);
}

TEST(LayoutIndex, TheOnlyEntryNeedsNoTag) {
  EXPECT_EQ(only_digest(with_tag("", index_descriptor(one), "v1").value()).value(), one);
  EXPECT_EQ(only_digest(with_tag(with_tag("", index_descriptor(one), "v1").value(), index_descriptor(two), "v2").value()).value(), std::nullopt);
  EXPECT_EQ(only_digest("{}").value(), std::nullopt);
  EXPECT_EQ(only_digest(R"({"manifests":[{"digest":"x"}]})").error().code, errc::protocol);
}

TEST(LayoutIndex, OtherEntriesStayAsTheyAre) {
  const std::string index = R"({"schemaVersion":2,"x":1,"manifests":[{"digest":")" + two +
                            R"(","annotations":{"org.opencontainers.image.ref.name":"v1","own":"kept"},"y":[2]},{"digest":")" + one +
                            R"(","annotations":{"org.opencontainers.image.ref.name":"latest"}}]})";
  const std::string made = with_tag(index, index_descriptor(two), "latest").value();
  EXPECT_EQ(tagged_digest(made, "latest").value(), two);
  EXPECT_EQ(tagged_digest(made, "v1").value(), two);
  EXPECT_EQ(made.find(one), made.npos);
  EXPECT_NE(made.find(R"("own":"kept"},"y":[2])"), made.npos);
  EXPECT_NE(made.find(R"("x":1)"), made.npos);
}

TEST(LayoutIndex, AnImageHasItsNameAndItsTag) {
  const layout_name name = name_of_image("registry.example:5000/team/app:1.2");
  EXPECT_EQ(name.tag, "1.2");
  EXPECT_EQ(name_of_image("registry.example/app@" + one).tag, one);
  EXPECT_EQ(name_of_image("what it is not").tag, "what it is not");
  const layout_name names[] = {name, name_of_image("registry.example:5000/team/app:next")};
  const std::string made = with_names(with_tag("", index_descriptor(one), "1.2").value(), index_descriptor(two), names).value();
  EXPECT_EQ(tagged_digest(made, "registry.example:5000/team/app:1.2").value(), two);
  EXPECT_EQ(tagged_digest(made, "next").value(), two);
  // A cache with the tag of an image is another entry.
  EXPECT_EQ(tagged_digest(made, "1.2").value(), one);
  const std::string again = with_names(made, index_descriptor(one), {names, 1}).value();
  EXPECT_EQ(tagged_digest(again, "registry.example:5000/team/app:1.2").value(), one);
  EXPECT_EQ(tagged_digest(again, "registry.example:5000/team/app:next").value(), two);
  EXPECT_EQ(again.find("app:1.2"), again.rfind("app:1.2"));
}

TEST(LayoutIndex, WhatIsNoIndexIsRefused) {
  for (const char* text : {"[]", "x", R"({"manifests":{}})"}) {
    EXPECT_EQ(tagged_digest(text, "latest").error().code, errc::protocol) << text;
    EXPECT_EQ(with_tag(text, index_descriptor(one), "latest").error().code, errc::protocol) << text;
  }
  EXPECT_TRUE(tagged_digest(R"({"manifests":[{"digest":"sha256:../x","annotations":{"org.opencontainers.image.ref.name":"a"}}]})", "a").has_error());
  EXPECT_TRUE(with_tag("", "[]", "a").has_error());
  EXPECT_TRUE(with_tag("", R"({"digest":"latest"})", "a").has_error());
}

}  // namespace
}  // namespace peelbox::oci
