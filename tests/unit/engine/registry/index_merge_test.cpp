#include "engine/registry/index_merge.hpp"

#include <gmock/gmock.h>

#include "engine/data/json.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::registry {
namespace {

using testing::HasSubstr;

std::string digest(const std::string& of) { return oci::digest_of(of); }
index_entry image(const std::string& content, const char* platform, std::string_view type = oci::media_oci_manifest) {
  return entry_of_manifest(type, digest(content), content.size(), oci::parse_platform(platform).value(), "reg/a:" + content);
}
index_entry attestation(const std::string& content, const std::string& of) {
  const std::string index = R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":3,"digest":")" +
                            digest(content) + R"(","platform":{"os":"unknown","architecture":"unknown"},"x-ours":1,"annotations":{)" +
                            R"("vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":")" + digest(of) + R"("}}]})";
  return entries_of(index, "reg/a:index").value().front();
}

TEST(IndexMerge, KeepsAttestationsAndUnknownFields) {
  const auto made = merge({image("a", "linux/amd64"), attestation("att", "a"), image("b", "linux/arm/v7")}, {});
  ASSERT_TRUE(made.has_value()) << made.error().text;
  EXPECT_EQ(made->media_type, oci::media_oci_index);
  const auto tree = data::parse_json(made->bytes, "index").value();
  ASSERT_EQ(tree.at("manifests").as_array().size(), 3u);
  EXPECT_EQ(tree.at("manifests").at(1).at("x-ours"), 1);
  EXPECT_EQ(tree.at("manifests").at(2).at("platform").at("variant"), "v7");
  EXPECT_EQ(entry_name(made->entries[1].what), "attestation");
  // It is what our own reader takes.
  EXPECT_TRUE(oci::parse_manifest(made->bytes).has_value());
}

TEST(IndexMerge, TheSameAgainChangesNothing) {
  const auto once = merge({image("a", "linux/amd64"), image("b", "linux/arm64")}, {});
  const auto again = merge({image("a", "linux/amd64"), image("b", "linux/arm64"), image("a", "linux/amd64")}, {});
  EXPECT_EQ(once->bytes, again->bytes);
}

TEST(IndexMerge, TwoImagesForOnePlatformAreRefused) {
  const auto made = merge({image("a", "linux/amd64"), image("b", "linux/amd64")}, {});
  ASSERT_TRUE(made.has_error());
  EXPECT_EQ(made.error().code, errc::usage);
  EXPECT_THAT(made.error().text, HasSubstr("two images are for linux/amd64"));
  EXPECT_THAT(made.error().text, HasSubstr("reg/a:b"));
}

TEST(IndexMerge, VersionsOfWindowsAreChoices) {
  index_entry one = image("a", "windows/amd64"), other = image("b", "windows/amd64");
  for (auto& [entry, version] : {std::pair<index_entry&, const char*>{one, "10.0.1"}, {other, "10.0.2"}}) {
    auto tree = data::parse_json(entry.json, "x").value();
    tree.at("platform").as_object()["os.version"] = version;
    entry.json = data::to_text(tree);
  }
  EXPECT_TRUE(merge({one, other}, {}).has_value());
  EXPECT_TRUE(merge({one, image("c", "windows/amd64"), image("d", "windows/amd64")}, {}).has_error());
}

TEST(IndexMerge, WhatNobodyCouldChooseIsRefused) {
  index_entry none = image("a", "linux/amd64");
  none.what.platform.reset();
  EXPECT_THAT(merge({none}, {}).error().text, HasSubstr("has no platform"));
  EXPECT_THAT(merge({attestation("att", "a")}, {}).error().text, HasSubstr("is not among the images"));
  EXPECT_TRUE(merge(std::vector<index_entry>{}, {}).has_error());
}

TEST(IndexMerge, DockersTypeForDockersManifests) {
  EXPECT_EQ(merge({image("a", "linux/amd64", oci::media_docker_manifest)}, {})->media_type, oci::media_docker_index);
  EXPECT_EQ(merge({image("a", "linux/amd64", oci::media_docker_manifest), image("b", "linux/arm64")}, {})->media_type, oci::media_oci_index);
  EXPECT_EQ(merge({image("a", "linux/amd64", oci::media_docker_manifest)}, {parse_index_annotation("a=b").value()})->media_type,
            oci::media_oci_index);
}

TEST(IndexMerge, Annotations) {
  const auto made = merge({image("a", "linux/amd64"), attestation("att", "a"), image("b", "linux/arm64")},
                          {parse_index_annotation("org.example:who=me=you").value(), parse_index_annotation("manifest-descriptor[arm64]:k=v").value()});
  ASSERT_TRUE(made.has_value()) << made.error().text;
  const auto tree = data::parse_json(made->bytes, "index").value();
  EXPECT_EQ(tree.at("annotations").at("org.example:who"), "me=you");
  EXPECT_EQ(data::member(tree.at("manifests").at(0), "annotations"), nullptr);
  EXPECT_EQ(tree.at("manifests").at(2).at("annotations").at("k"), "v");
  EXPECT_TRUE(merge({image("a", "linux/amd64")}, {parse_index_annotation("manifest-descriptor[arm64]:k=v").value()}).has_error());
  for (const char* text : {"x", "=x", "manifest:a=b", "index-descriptor:a=b", "index[linux/amd64]:a=b", "manifest-descriptor[arm64]:=b", "manifest-descriptor[no/such/thing/at/all]:a=b"})
    EXPECT_TRUE(parse_index_annotation(text).has_error()) << text;
}

TEST(IndexMerge, ADescriptorSaysMoreThanItsManifest) {
  const index_entry manifest = image("a", "linux/arm64");
  const std::string start = R"({"digest":")" + manifest.what.digest + R"(","size":)" + std::to_string(manifest.what.size);
  const auto given = entry_of_descriptor(start + R"(,"platform":{"os":"linux","architecture":"arm64","variant":"v9"},"annotations":{"k":"v"},"own":1})", "f.json");
  ASSERT_TRUE(given.has_value()) << given.error().text;
  const auto made = complete_entry(*given, manifest);
  ASSERT_TRUE(made.has_value()) << made.error().text;
  const auto tree = data::parse_json(made->json, "entry").value();
  EXPECT_EQ(data::text_of(tree, "mediaType"), manifest.what.media_type);
  EXPECT_EQ(tree.at("platform").at("variant"), "v9");
  EXPECT_EQ(tree.at("annotations").at("k"), "v");
  EXPECT_TRUE(data::member(tree, "own") != nullptr);
  EXPECT_EQ(complete_entry(entry_of_descriptor(start + "}", "f.json").value(), manifest)->what.platform, manifest.what.platform);
  EXPECT_THAT(complete_entry(entry_of_descriptor(start + R"(0})", "f.json").value(), manifest).error().text, HasSubstr("f.json: the descriptor says size"));
  EXPECT_THAT(complete_entry(entry_of_descriptor(start + R"(,"mediaType":"x"})", "f.json").value(), manifest).error().text, HasSubstr("says type x"));
  for (const char* text : {"{}", "[]", "1", "x", R"({"digest":"sha256:x","size":1})"})
    EXPECT_EQ(entry_of_descriptor(text, "f.json").error().code, errc::usage) << text;
}

TEST(IndexMerge, PlatformsAreChosenWithTheirAttestations) {
  const std::vector<index_entry> all{image("a", "linux/amd64"), attestation("att", "a"), image("b", "linux/arm64"), attestation("other", "b")};
  EXPECT_EQ(choose_platforms(all, {oci::parse_platform("arm64").value()}).value(),
            (std::set<std::string, std::less<>>{all[2].what.digest, all[3].what.digest}));
  EXPECT_TRUE(choose_platforms(all, {oci::parse_platform("s390x").value()}).has_error());
}

}  // namespace
}  // namespace peelbox::registry
