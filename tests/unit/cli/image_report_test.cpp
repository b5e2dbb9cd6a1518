#include "cli/image_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/oci/digest.hpp"

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
  const result<std::string> text = image_formatted(image, format);
  return text.has_value() ? *text : text.error().text;
}

TEST(ImageFormatted, TheTemplatesThatPeopleUse) {
  inspected_image image = single();
  EXPECT_EQ(shown(image, "{{.Name}}"), image.name);
  EXPECT_EQ(shown(image, "{{ .Manifest.Digest }}"), image.text.digest);
  EXPECT_EQ(shown(image, "{{json .Image}}"), "{\n  \"config\": {\n    \"Cmd\": [\n      \"x\"\n    ]\n  },\n  \"os\": \"linux\"\n}");
  EXPECT_THAT(shown(image, "{{json .}}"), HasSubstr("\"name\": \"reg.example/app:1\""));
  image.configs["other"] = "{}";
  EXPECT_THAT(shown(image, "{{json .Image}}"), HasSubstr("\"other\": {}"));
  image.configs["broken"] = "{";
  EXPECT_THAT(shown(image, "{{json .Image}}"), HasSubstr("configuration of broken"));
  EXPECT_THAT(shown(image, "{{.Image.Config}}"), HasSubstr("only {{json .}}, {{json .Manifest}}, {{json .Image}}"));
}

TEST(ImageFormatted, ConfigurationsAreReadWhenTheyAreAskedFor) {
  for (const char* format : {"{{json .}}", "{{ json .Image }}"}) EXPECT_TRUE(wants_configs(format)) << format;
  for (const char* format : {"", "{{json .Manifest}}", "{{.Image}}"}) EXPECT_FALSE(wants_configs(format)) << format;
}

}  // namespace
}  // namespace peelbox::cli
