#include "engine/client/docker_output.hpp"

#include <gmock/gmock.h>

#include "engine/client/solve_messages.hpp"

namespace peelbox::client {
namespace {

const docker_store wanted{{"docker.io/library/app:1"}, {}};

solve_request plain() {
  solve_request solve;
  solve.source = definitions{{{}}};
  return solve;
}

exporter with(std::map<std::string, std::string> attributes) { return {{}, std::move(attributes)}; }

TEST(DockerOutput, AnEnginesOwnBuildKitStoresTheImage) {
  for (const image_store store : {image_store::containerd, image_store::graph_driver}) {
    const auto chosen = choose_docker_exporter(true, store, wanted, {}, plain());
    ASSERT_TRUE(chosen.has_value());
    EXPECT_EQ(chosen->how.type, "moby");
    EXPECT_EQ(chosen->how.attributes.at("name"), "docker.io/library/app:1");
    // The exporter takes the image config from there only.
    solve_request solve = plain();
    EXPECT_FALSE(needs_gateway(solve));
    solve.exports.push_back({chosen->how, {}});
    EXPECT_TRUE(needs_gateway(solve));
  }
}

TEST(DockerOutput, AStandaloneBuildKitMakesAnArchiveToLoad) {
  const auto chosen = choose_docker_exporter(false, image_store::graph_driver, wanted, {}, plain());
  ASSERT_TRUE(chosen.has_value());
  EXPECT_EQ(chosen->how.type, "docker");
  EXPECT_EQ(chosen->how.attributes.at("compression"), "uncompressed");
  solve_request solve = plain();
  solve.exports.push_back({chosen->how, {}});
  EXPECT_FALSE(needs_gateway(solve));
  const auto zstd = choose_docker_exporter(false, image_store::containerd, wanted, with({{"compression", "zstd"}}), plain());
  ASSERT_TRUE(zstd.has_value());
  EXPECT_EQ(zstd->how.attributes.at("compression"), "zstd");
}

TEST(DockerOutput, AGraphDriverTakesNoFieldsAndNoEpoch) {
  const auto named = choose_docker_exporter(true, image_store::graph_driver, wanted, with({{"name", "x"}}), plain());
  ASSERT_TRUE(named.has_value());
  EXPECT_TRUE(named->ignores_epoch);
  EXPECT_THAT(choose_docker_exporter(true, image_store::graph_driver, wanted, with({{"compression", "zstd"}}), plain()).error().text,
              testing::HasSubstr("compression of --output has no effect"));
  for (const auto& [embedded, store] : {std::pair{true, image_store::containerd}, std::pair{false, image_store::graph_driver}}) {
    const auto kept = choose_docker_exporter(embedded, store, wanted, with({{"compression", "zstd"}}), plain());
    ASSERT_TRUE(kept.has_value());
    EXPECT_FALSE(kept->ignores_epoch);
  }
}

TEST(DockerOutput, SeveralNamesAreOneList) {
  for (const bool embedded : {true, false}) {
    const docker_store two{{"docker.io/library/app:1", "docker.io/library/app:2"}, {}};
    const auto chosen = choose_docker_exporter(embedded, image_store::containerd, two, {}, plain());
    ASSERT_TRUE(chosen.has_value());
    EXPECT_EQ(chosen->how.attributes.at("name"), "docker.io/library/app:1,docker.io/library/app:2");
  }
}

TEST(DockerOutput, AttestationsNeedTheContainerdStore) {
  solve_request solve = plain();
  solve.attest.provenance = "mode=max";
  const auto chosen = choose_docker_exporter(false, image_store::containerd, wanted, {}, solve);
  ASSERT_TRUE(chosen.has_value());
  EXPECT_EQ(chosen->how.type, "oci");
  for (const bool embedded : {true, false}) {
    const auto refused = choose_docker_exporter(embedded, image_store::graph_driver, wanted, {}, solve);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, errc::usage);
    EXPECT_THAT(refused.error().text, testing::HasSubstr("type=oci,dest=FILE"));
  }
}

TEST(DockerOutput, SeveralPlatformsNeedTheContainerdStore) {
  for (const bool embedded : {true, false}) {
    solve_request solve = plain();
    solve.platforms.resize(2);
    const auto chosen = choose_docker_exporter(embedded, image_store::containerd, wanted, {}, solve);
    ASSERT_TRUE(chosen.has_value());
    EXPECT_EQ(chosen->how.type, embedded ? "moby" : "oci");
    const auto refused = choose_docker_exporter(embedded, image_store::graph_driver, wanted, {}, solve);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, errc::usage);
    EXPECT_THAT(refused.error().text, testing::HasSubstr("an image of several platforms"));
    EXPECT_THAT(refused.error().text, testing::HasSubstr("type=oci,dest=FILE"));
    EXPECT_THAT(refused.error().text, testing::HasSubstr("build for one --platform"));
  }
}

TEST(DockerOutput, AnImageIsKnownByManifestOrConfig) {
  const image_digests digests{"sha256:m", "sha256:c"};
  EXPECT_TRUE(digests.name("sha256:m"));
  EXPECT_TRUE(digests.name("sha256:c"));
  EXPECT_FALSE(digests.name("sha256:x"));
  EXPECT_FALSE(image_digests().name(""));
}

}  // namespace
}  // namespace peelbox::client
