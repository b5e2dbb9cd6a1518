#include "engine/client/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/async/base64.hpp"
#include "engine/oci/digest.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::client {
namespace {

using testing::HasSubstr;
using responses = std::map<std::string, std::string>;

std::string encoded(const std::string& text) {
  std::string out;
  append_base64(text, out);
  return out;
}

struct exported {
  std::string put(const std::string& text) {
    const std::string digest = oci::digest_of(text);
    test::write_file(dir.path() + "/blobs/sha256/" + digest.substr(7), text);
    to.seen->last = digest;
    return digest;
  }
  std::string index() const { return to.store->index().value().value(); }

  test::temp_dir dir;
  session::served_layout to{std::make_shared<const session::content_store>(dir.path(), session::content_store::access::write),
                            std::make_shared<session::arrivals>()};
};

const std::string manifest = R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":")" + oci::digest_of("c") +
                             R"(","size":1},"layers":[]})";

TEST(Layout, TheImageIsCalledAsTheExporterSays) {
  const auto names = layout_names({{"image.name", "docker.io/library/app:1,registry.example/app:2"}});
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0].image, "docker.io/library/app:1");
  EXPECT_EQ(names[0].tag, "1");
  EXPECT_EQ(names[1].tag, "2");
  for (const responses& none : {responses{}, responses{{"image.name", ""}}, responses{{"image.name", ","}}}) {
    ASSERT_EQ(layout_names(none).size(), 1u);
    EXPECT_EQ(layout_names(none)[0].image, "");
    EXPECT_EQ(layout_names(none)[0].tag, "latest");
  }
}

TEST(Layout, TheDescriptorIsTheDaemons) {
  exported out;
  const std::string digest = out.put(manifest);
  const std::string said = R"({"mediaType":"x","digest":")" + digest + R"(","size":5,"annotations":{"own":"kept"}})";
  ASSERT_TRUE(name_layout(out.to, {{"containerimage.descriptor", encoded(said)}}).has_value());
  EXPECT_EQ(oci::tagged_digest(out.index(), "latest").value(), digest);
  EXPECT_THAT(out.index(), HasSubstr(R"("own":"kept")"));
}

TEST(Layout, WhatWasWrittenCountsWhereTheAnswerIsAboutAnotherOutput) {
  const std::string other = R"({"mediaType":"x","digest":")" + oci::digest_of("pushed") + R"(","size":5})";
  for (const responses& answer : {responses{{"containerimage.descriptor", encoded(other)}}, responses{{"containerimage.descriptor", "*"}}, responses{}}) {
    exported out;
    const std::string digest = out.put(manifest);
    ASSERT_TRUE(name_layout(out.to, answer).has_value());
    EXPECT_EQ(oci::tagged_digest(out.index(), "latest").value(), digest);
    EXPECT_THAT(out.index(), HasSubstr(R"("mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + digest + R"(","size":)" +
                                       std::to_string(manifest.size())));
  }
}

TEST(Layout, NothingIsNamedThatIsNoImage) {
  exported out;
  EXPECT_THAT(name_layout(out.to, {}).error().text, HasSubstr("wrote no image into " + out.dir.path()));
  out.put("no manifest");
  EXPECT_TRUE(name_layout(out.to, {}).has_error());
  EXPECT_EQ(out.to.store->index().value(), std::nullopt);
}

}  // namespace
}  // namespace peelbox::client
