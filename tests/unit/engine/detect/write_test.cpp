#include "engine/detect/write.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/spec/load.hpp"

namespace peelbox::detect {
namespace {

using testing::HasSubstr;

spec::universal_build sample() {
  spec::universal_build out;
  out.metadata.project_name = "a \"b\"\n\x01";
  out.metadata.language = "C";
  out.build.commands = {"make", "echo: #1"};
  out.build.env = {{"Z", "1"}, {"A", "yes"}};
  out.runtime.copy = {{"x", "/x"}, {"y", "/y"}};
  out.runtime.command = {"/x"};
  out.runtime.ports = {80, 443};
  out.runtime.health = spec::health_check{"/h"};
  return out;
}

detection with(std::vector<spec::universal_build> specs) {
  detection out;
  for (auto& s : specs) out.services.push_back({std::move(s), "", "", {}, ""});
  return out;
}

TEST(Write, JsonIsSortedAndReadBackAsWritten) {
  spec::universal_build service = sample();
  const std::string json = services_json(with({service}));
  EXPECT_LT(json.find("\"build\""), json.find("\"metadata\""));
  EXPECT_LT(json.find("\"metadata\""), json.find("\"runtime\""));
  EXPECT_TRUE(json.starts_with("[\n  {\n    \"build\": {\n"));
  const auto loaded = spec::load(json, "j");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
  EXPECT_EQ(loaded->services.at(0).metadata.project_name, service.metadata.project_name);
  EXPECT_EQ(services_json(with({loaded->services.at(0)})), json);
}

TEST(Write, NoServicesAreAnEmptyArray) {
  EXPECT_EQ(services_json({}), "[]\n");
  EXPECT_EQ(services_yaml({}), "[]\n");
}

TEST(Write, YamlSaysTheSameAsJson) {
  const auto specs = std::vector{sample(), sample()};
  const std::string yaml = services_yaml(with(specs));
  EXPECT_THAT(yaml, HasSubstr("- version: \"1.0\"\n  metadata:\n    project_name: "));
  const auto from_yaml = parse_yaml(yaml);
  const auto from_json = parse_json(services_json(with(specs)));
  ASSERT_TRUE(from_yaml.has_value()) << from_yaml.error().text << yaml;
  // YAML's scalars come back as strings; what is compared is the text.
  const auto text = [](value tree) {
    const auto all_strings = [](auto& self, value& v) -> void {
      if (v.is(value::kind::number)) v.type = value::kind::string;
      for (value& item : v.items) self(self, item);
      for (auto& member : v.members) self(self, member.content);
    };
    all_strings(all_strings, tree);
    return to_json(tree);
  };
  EXPECT_EQ(text(*from_yaml), text(*from_json));
}

TEST(Schema, IsJsonAndNamesEveryKey) {
  const auto tree = parse_json(spec_schema());
  ASSERT_TRUE(tree.has_value()) << tree.error().text;
  const value& properties = (*tree)["$defs"]["service"]["properties"];
  const value service = to_value(sample());
  for (const auto& [section, content] : service.members) {
    ASSERT_TRUE(properties.has(section)) << section;
    for (const auto& [key, member] : content.members) EXPECT_TRUE(properties[section]["properties"].has(key)) << key;
  }
}

}  // namespace
}  // namespace peelbox::detect
