#include "engine/build/docker_output.hpp"

#include <gmock/gmock.h>

#include "engine/build/solve_request.hpp"

namespace peelbox::build {
namespace {

const docker_output wanted{{"docker.io/library/app:1"}, {}};

TEST(DockerOutput, AnEnginesOwnBuildKitStoresTheImage) {
  for (const image_store store : {image_store::containerd, image_store::graph_driver}) {
    solve_options solve;
    ASSERT_TRUE(choose_docker_exporter(true, store, wanted, solve).has_value());
    EXPECT_EQ(solve.target.type, "moby");
    EXPECT_EQ(solve.target.attributes.at("name"), "docker.io/library/app:1");
    // The exporter takes the image config from there only.
    EXPECT_TRUE(needs_gateway(solve));
  }
}

TEST(DockerOutput, AStandaloneBuildKitMakesAnArchiveToLoad) {
  solve_options solve;
  ASSERT_TRUE(choose_docker_exporter(false, image_store::graph_driver, wanted, solve).has_value());
  EXPECT_EQ(solve.target.type, "docker");
  EXPECT_EQ(solve.target.attributes.at("compression"), "uncompressed");
  EXPECT_FALSE(needs_gateway(solve));
  solve_options chosen;
  chosen.target.attributes["compression"] = "zstd";
  ASSERT_TRUE(choose_docker_exporter(false, image_store::containerd, wanted, chosen).has_value());
  EXPECT_EQ(chosen.target.attributes.at("compression"), "zstd");
}

TEST(DockerOutput, AGraphDriverTakesNoFieldsAndNoEpoch) {
  solve_options plain;
  plain.target.attributes["name"] = "x";
  plain.source_date_epoch = "1";
  ASSERT_TRUE(choose_docker_exporter(true, image_store::graph_driver, wanted, plain).has_value());
  EXPECT_EQ(plain.source_date_epoch, "");
  solve_options zstd;
  zstd.target.attributes["compression"] = "zstd";
  EXPECT_THAT(choose_docker_exporter(true, image_store::graph_driver, wanted, zstd).error().text,
              testing::HasSubstr("compression of --output has no effect"));
  for (const auto& [embedded, store] : {std::pair{true, image_store::containerd}, std::pair{false, image_store::graph_driver}}) {
    solve_options kept;
    kept.target.attributes["compression"] = "zstd";
    kept.source_date_epoch = "1";
    ASSERT_TRUE(choose_docker_exporter(embedded, store, wanted, kept).has_value());
    EXPECT_EQ(kept.source_date_epoch, "1");
  }
}

TEST(DockerOutput, SeveralNamesAreOneList) {
  for (const bool embedded : {true, false}) {
    solve_options solve;
    const docker_output two{{"docker.io/library/app:1", "docker.io/library/app:2"}, {}};
    ASSERT_TRUE(choose_docker_exporter(embedded, image_store::containerd, two, solve).has_value());
    EXPECT_EQ(solve.target.attributes.at("name"), "docker.io/library/app:1,docker.io/library/app:2");
  }
}

TEST(DockerOutput, AttestationsNeedTheContainerdStore) {
  solve_options solve;
  solve.attest.provenance = "mode=max";
  ASSERT_TRUE(choose_docker_exporter(false, image_store::containerd, wanted, solve).has_value());
  EXPECT_EQ(solve.target.type, "oci");
  for (const bool embedded : {true, false}) {
    const auto refused = choose_docker_exporter(embedded, image_store::graph_driver, wanted, solve);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, errc::usage);
    EXPECT_THAT(refused.error().text, testing::HasSubstr("type=oci,dest=FILE"));
  }
}

TEST(DockerOutput, SeveralPlatformsNeedTheContainerdStore) {
  for (const bool embedded : {true, false}) {
    solve_options solve;
    solve.parts.resize(2);
    ASSERT_TRUE(choose_docker_exporter(embedded, image_store::containerd, wanted, solve).has_value());
    EXPECT_EQ(solve.target.type, embedded ? "moby" : "oci");
    const auto refused = choose_docker_exporter(embedded, image_store::graph_driver, wanted, solve);
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
}  // namespace peelbox::build
