#include "engine/oci/manifest.hpp"

#include <gtest/gtest.h>

namespace peelbox::oci {
namespace {

const std::string hash_a = "sha256:" + std::string(64, 'a');
const std::string hash_b = "sha256:" + std::string(64, 'b');

std::string descriptor_json(const std::string& digest, const std::string& more = "") {
  return R"({"mediaType":"m","digest":")" + digest + R"(","size":7)" + more + "}";
}
std::string platform_json(const std::string& arch, const std::string& variant = "") {
  return R"(,"platform":{"os":"linux","architecture":")" + arch + R"(","variant":")" + variant + R"("})";
}

TEST(manifest, reads_a_manifest) {
  const std::string text = R"({"schemaVersion":2,"config":)" + descriptor_json(hash_a) + R"(,"layers":[)" +
                           descriptor_json(hash_b, R"(,"annotations":{"k":"v"})") + "]}";
  const auto document = parse_manifest(text);
  ASSERT_TRUE(document) << document.error().text;
  const auto& manifest = std::get<image_manifest>(*document);
  EXPECT_EQ(manifest.media_type, media_oci_manifest);
  EXPECT_EQ(manifest.config.digest, hash_a);
  ASSERT_EQ(manifest.layers.size(), 1u);
  EXPECT_EQ(manifest.layers[0].size, 7u);
  EXPECT_EQ(manifest.layers[0].annotations.at("k"), "v");
}

TEST(manifest, picks_the_platform_from_an_index) {
  const std::string unknown = R"(,"platform":{"os":"unknown","architecture":"unknown"})";
  const std::string text =
      R"({"mediaType":")" + std::string(media_docker_index) + R"(","manifests":[)" +
      descriptor_json("sha256:" + std::string(64, '0'), unknown) + "," +
      descriptor_json("sha256:" + std::string(64, '6'), platform_json("arm", "v6")) + "," +
      descriptor_json("sha256:" + std::string(64, '7'), platform_json("arm", "v7")) + "," +
      descriptor_json("sha256:" + std::string(64, '8'), platform_json("arm64", "v8")) + "]}";
  const auto document = parse_manifest(text);
  ASSERT_TRUE(document) << document.error().text;
  const auto& index = std::get<image_index>(*document);
  EXPECT_EQ(index.media_type, media_docker_index);
  ASSERT_EQ(index.manifests.size(), 4u);
  const auto digit = [&](const platform& p) {
    const descriptor* d = select(index, p);
    return d ? d->digest.back() : '-';
  };
  EXPECT_EQ(digit({"linux", "arm64", ""}), '8');
  EXPECT_EQ(digit({"linux", "arm", "v7"}), '7');
  EXPECT_EQ(digit({"linux", "arm", "v6"}), '6');
  EXPECT_EQ(digit({"linux", "arm", "v8"}), '7');
  EXPECT_EQ(digit({"linux", "amd64", ""}), '-');
}

TEST(manifest, refuses_what_it_is_not) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "empty"},
      {"[]", "expected a JSON object"},
      {"{", "not valid JSON"},
      {"\xff", "not valid JSON"},
      {"{}", "neither"},
      {R"({"schemaVersion":1,"fsLayers":[]})", "too old"},
      {R"({"manifests":{}})", "not an array"},
      {R"({"manifests":[1]})", "manifests[0]: expected an object"},
      {R"({"manifests":[{"digest":"x","size":1}]})", "digest"},
      {R"({"manifests":[{"digest":")" + hash_a + R"(","size":-1}]})", "size"},
      {R"({"manifests":[{"digest":")" + hash_a + R"(","size":1,"platform":3}]})", "platform"},
      {R"({"mediaType":1,"manifests":[]})", "mediaType"},
      {R"({"config":[],"layers":[]})", "config"},
  };
  for (const auto& [text, part] : cases) {
    const auto document = parse_manifest(text);
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().code, errc::protocol) << text;
    EXPECT_NE(document.error().text.find(part), std::string::npos) << text << ": " << document.error().text;
  }
  EXPECT_EQ(parse_manifest(std::string(max_manifest_bytes + 1, ' ')).error().code, errc::limit);
  EXPECT_FALSE(parse_manifest(std::string(100000, '[')));
}

TEST(manifest, reads_a_configuration) {
  const auto config = parse_image_config(
      R"({"architecture":"aarch64","os":"linux","config":{"Env":["A=b"],"Entrypoint":["/x"],"Cmd":null,)"
      R"("WorkingDir":"/w","User":"1","Labels":{"k":"v"},"ExposedPorts":{"80/tcp":{}}},)"
      R"("rootfs":{"type":"layers","diff_ids":["sha256:1"]}})");
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->platform, (platform{"linux", "arm64", ""}));
  EXPECT_EQ(config->env, std::vector<std::string>{"A=b"});
  EXPECT_EQ(config->entrypoint, std::vector<std::string>{"/x"});
  EXPECT_TRUE(config->cmd.empty());
  EXPECT_EQ(config->working_dir, "/w");
  EXPECT_EQ(config->user, "1");
  EXPECT_EQ(config->labels.at("k"), "v");
  EXPECT_EQ(config->exposed_ports, std::vector<std::string>{"80/tcp"});
  EXPECT_EQ(config->diff_ids, std::vector<std::string>{"sha256:1"});
  EXPECT_TRUE(parse_image_config("{}"));
  EXPECT_TRUE(parse_image_config(R"({"config":null})"));
  for (const std::string text :
       {R"({"config":[]})", R"({"config":{"Env":[1]}})", R"({"config":{"Env":"A"}})", R"({"os":1})",
        R"({"rootfs":[]})", R"({"config":{"ExposedPorts":[]}})", R"({"config":{"Labels":{"a":1}}})"})
    EXPECT_EQ(parse_image_config(text).error().code, errc::protocol) << text;
}

}  // namespace
}  // namespace peelbox::oci
