#include "engine/build/solve_request.hpp"

#include <gtest/gtest.h>

namespace peelbox::build {
namespace {

solve_options example() {
  solve_options options;
  options.ref = "ref";
  options.session_id = "session";
  options.definition.add_def("op");
  options.image_config = R"({"os":"linux"})";
  options.platform = {"linux", "arm", "v7"};
  options.target = {"oci", {{"name", "docker.io/library/x:1"}}};
  return options;
}

TEST(SolveRequest, PlainDefinitionCarriesConfigAsExporterAttribute) {
  const auto request = control_solve(example());
  EXPECT_FALSE(needs_gateway(example()));
  EXPECT_EQ(request.ref(), "ref");
  EXPECT_EQ(request.session(), "session");
  EXPECT_EQ(request.definition().def_size(), 1);
  ASSERT_EQ(request.exporters_size(), 1);
  EXPECT_EQ(request.exporters(0).type(), "oci");
  EXPECT_EQ(request.exporters(0).attrs().at("containerimage.config"), R"({"os":"linux"})");
  // Daemons before v0.13 read the deprecated fields.
  EXPECT_EQ(request.exporterdeprecated(), "oci");
  EXPECT_EQ(request.exporterattrsdeprecated().at("name"), "docker.io/library/x:1");
  EXPECT_TRUE(request.frontendattrs().empty());
}

TEST(SolveRequest, AttestationsGoThroughTheGateway) {
  solve_options options = example();
  options.attest = {"generator=x", "mode=min"};
  options.no_cache = true;
  ASSERT_TRUE(needs_gateway(options));
  const auto request = control_solve(options);
  EXPECT_FALSE(request.has_definition());
  EXPECT_EQ(request.exporters(0).attrs().count("containerimage.config"), 0u);
  EXPECT_EQ(request.frontendattrs().at("attest:sbom"), "generator=x");
  EXPECT_EQ(request.frontendattrs().at("attest:provenance"), "mode=min");
  EXPECT_EQ(request.frontendattrs().at("no-cache"), "");
  EXPECT_EQ(gateway_solve(options).definition().def_size(), 1);

  moby::buildkit::v1::frontend::SolveResponse solved;
  solved.mutable_result()->mutable_ref()->set_id("r1");
  const auto answer = gateway_return(options, solved);
  EXPECT_EQ(answer.result().ref().id(), "r1");
  EXPECT_EQ(answer.result().metadata().at("containerimage.config"), R"({"os":"linux"})");
  EXPECT_EQ(answer.result().metadata().at("refs.platforms"),
            R"({"Platforms":[{"ID":"linux/arm/v7","Platform":{"architecture":"arm","os":"linux","variant":"v7"}}]})");
}

}  // namespace
}  // namespace peelbox::build
