#include "cli/image_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/oci/digest.hpp"
#include "tests/support/json_tree.hpp"

namespace peelbox::cli {
namespace {

using testing::HasSubstr;

inspected_image single() {
  inspected_image image;
  image.name = "reg.example/app:1";
  image.text.bytes = "{}";
  image.text.media_type = oci::media_oci_manifest;
  image.text.digest = oci::digest_of("{}");
  image.configs["it"] = R"({"os":"linux","config":{"Cmd":["x"]}})";
  return image;
}

std::string shown(const inspected_image& image, std::string_view format) {
  const auto parsed = parse_image_template(format);
  if (parsed.has_error()) return parsed.error().text;
  const result<std::string> text = image_formatted(image, *parsed);
  return text.has_value() ? *text : text.error().text;
}

/// An index of images for these platforms, each with a configuration that names it.
inspected_image several(const std::vector<std::string>& platforms) {
  inspected_image image;
  image.is_index = true;
  image.name = "reg.example/app:1";
  image.text = {std::string(oci::media_oci_index), oci::digest_of("index"), R"({"manifests":[{"a":1}],"annotations":{"who":"me"}})"};
  for (const std::string& platform : platforms) {
    const std::string config = R"({"architecture":")" + platform + R"(","config":{}})";
    image.entries.push_back(registry::entry_of_manifest(oci::media_oci_manifest, oci::digest_of(platform), 3, oci::parse_platform(platform).value(), "test"));
    image.configs[platform] = config;
  }
  return image;
}

image_statements said() {
  image_statements all;
  all.spdx = {test::json_tree(R"({"name":"first"})"), test::json_tree(R"({"name":"second"})")};
  all.slsa = test::json_tree(R"({"builder":"b"})");
  return all;
}

TEST(ImageFormatted, TheTemplatesThatPeopleUse) {
  inspected_image image = single();
  EXPECT_EQ(shown(image, "{{.Name}}"), image.name);
  EXPECT_EQ(shown(image, "{{ .Manifest.Digest }} {{.Manifest.MediaType}}"), image.text.digest + " " + image.text.media_type);
  EXPECT_EQ(shown(image, "{{json .Image}}"), "{\n  \"config\": {\n    \"Cmd\": [\n      \"x\"\n    ]\n  },\n  \"os\": \"linux\"\n}");
  EXPECT_EQ(shown(image, "{{json .Image.Config.Labels}} {{.Image.Config.User}}"), "null ");
  EXPECT_THAT(shown(image, "{{json .}}"), HasSubstr("\"name\": \"reg.example/app:1\""));
  EXPECT_EQ(shown(image, "{{json .Provenance}}{{json .SBOM.SPDX}}"), "{}null");
  EXPECT_THAT(shown(image, "{{json (index .Image \"linux/amd64\")}}"), HasSubstr(".Image is not by key here; its fields are: os, config"));
  image.configs["it"] = "{";
  EXPECT_THAT(shown(image, "{{json .Image}}"), HasSubstr("configuration of it"));
  EXPECT_THAT(shown(image, "{{json .Provenanc}}"), HasSubstr("there is no .Provenanc; there are: Name, Manifest, Image, Provenance, SBOM"));
}

TEST(ImageFormatted, OfSeveralPlatformsByPlatform) {
  inspected_image image = several({"linux/amd64", "linux/arm64"});
  image.statements["linux/amd64"] = said();
  EXPECT_EQ(shown(image, "{{json .Manifest.Manifests}} {{.Manifest.SchemaVersion}} {{index .Manifest.Annotations \"who\"}}"), "[\n  {\n    \"a\": 1\n  }\n] 2 me");
  EXPECT_EQ(shown(image, "{{(index .Image \"linux/arm64\").Architecture}}"), "linux/arm64");
  EXPECT_THAT(shown(image, "{{json .Image}}"), HasSubstr("\"linux/amd64\": {"));
  EXPECT_EQ(shown(image, "{{(index .SBOM \"linux/amd64\").SPDX.name}} {{(index (index .SBOM \"linux/amd64\").AdditionalSPDXs 0).name}}"), "first second");
  EXPECT_EQ(shown(image, "{{(index .Provenance \"linux/amd64\").SLSA.builder}}"), "b");
  EXPECT_EQ(shown(image, "{{json .Provenance}}"), "{\n  \"linux/amd64\": {\n    \"SLSA\": {\n      \"builder\": \"b\"\n    }\n  }\n}");
  // It is there, without attestation.
  EXPECT_EQ(shown(image, "{{json (index .Provenance \"linux/arm64\")}} {{json (index .Provenance \"linux/arm64\").SLSA}}"), "{} null");
  EXPECT_THAT(shown(image, "{{json (index .Provenance \"linux/s390x\")}}"), HasSubstr("there are: linux/amd64, linux/arm64"));
  EXPECT_THAT(shown(image, "{{json .SBOM.SPDX}}"), HasSubstr("column 13: .SBOM is by key: write (index .SBOM \"linux/amd64\").SPDX"));
  EXPECT_THAT(shown(image, "{{json .Image.Config}}"), HasSubstr("write (index .Image \"linux/amd64\").Config"));
}

TEST(ImageFormatted, AnIndexOfOnePlatformIsThatImage) {
  inspected_image image = several({"linux/amd64"});
  image.statements["linux/amd64"] = said();
  EXPECT_EQ(shown(image, "{{.Image.Architecture}} {{.SBOM.SPDX.name}} {{.Provenance.SLSA.builder}}"), "linux/amd64 first b");
}

}  // namespace
}  // namespace peelbox::cli
