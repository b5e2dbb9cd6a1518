#include "engine/build/solve_request.hpp"

#include <gtest/gtest.h>

namespace peelbox::build {
namespace {

solve_options example() {
  solve_options options;
  options.ref = "ref";
  options.session_id = "session";
  auto definition = std::make_shared<pb::Definition>();
  definition->add_def("op");
  options.parts.push_back({{"linux", "arm", "v7"}, std::move(definition), R"({"os":"linux"})"});
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

TEST(SolveRequest, NameAndEpochAreBuildArguments) {
  solve_options options = example();
  options.build_name = "app:1";
  options.source_date_epoch = "1700000000";
  const auto request = control_solve(options);
  EXPECT_EQ(request.frontendattrs().at("build-arg:BUILDKIT_BUILD_NAME"), "app:1");
  EXPECT_EQ(request.frontendattrs().at("build-arg:SOURCE_DATE_EPOCH"), "1700000000");
  EXPECT_TRUE(request.frontend().empty());
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
  EXPECT_EQ(gateway_solve(options.parts.front()).definition().def_size(), 1);

  moby::buildkit::v1::frontend::SolveResponse solved;
  solved.mutable_result()->mutable_ref()->set_id("r1");
  const auto answer = gateway_return(options, {solved});
  EXPECT_EQ(answer.result().ref().id(), "r1");
  EXPECT_EQ(answer.result().metadata().at("containerimage.config"), R"({"os":"linux"})");
  EXPECT_EQ(answer.result().metadata().at("refs.platforms"),
            R"({"Platforms":[{"ID":"linux/arm/v7","Platform":{"architecture":"arm","os":"linux","variant":"v7"}}]})");
}

TEST(SolveRequest, SeveralPlatformsMakeOneResultOfNamedParts) {
  solve_options options = example();
  options.parts.push_back({{"linux", "amd64", ""}, {}, R"({"os":"linux","architecture":"amd64"})"});
  ASSERT_TRUE(needs_gateway(options));
  EXPECT_FALSE(control_solve(options).has_definition());
  std::vector<moby::buildkit::v1::frontend::SolveResponse> solved(2);
  solved[0].mutable_result()->mutable_ref()->set_id("arm");
  solved[1].mutable_result()->mutable_ref()->set_id("amd");
  const auto answer = gateway_return(options, solved);
  EXPECT_FALSE(answer.result().has_ref());
  EXPECT_EQ(answer.result().refs().refs().at("linux/arm/v7").id(), "arm");
  EXPECT_EQ(answer.result().refs().refs().at("linux/amd64").id(), "amd");
  const auto& metadata = answer.result().metadata();
  EXPECT_EQ(metadata.at("containerimage.config/linux/arm/v7"), R"({"os":"linux"})");
  EXPECT_EQ(metadata.at("containerimage.config/linux/amd64"), R"({"os":"linux","architecture":"amd64"})");
  EXPECT_EQ(metadata.count("containerimage.config"), 0u);
  EXPECT_EQ(metadata.at("refs.platforms"),
            R"({"Platforms":[{"ID":"linux/arm/v7","Platform":{"architecture":"arm","os":"linux","variant":"v7"}},)"
            R"({"ID":"linux/amd64","Platform":{"architecture":"amd64","os":"linux"}}]})");
}

TEST(SolveRequest, ABaseImageIsAskedForByPlatform) {
  const auto request = gateway_resolve("docker.io/library/x:1", {"linux", "arm", "v7"});
  EXPECT_EQ(request.ref(), "docker.io/library/x:1");
  EXPECT_EQ(request.platform().os(), "linux");
  EXPECT_EQ(request.platform().architecture(), "arm");
  EXPECT_EQ(request.platform().variant(), "v7");
  EXPECT_EQ(request.logname(), "load metadata for docker.io/library/x:1");
}

TEST(SolveRequest, ADefinitionThatIsTooLargeIsCalledSo) {
  const auto told = [](int code, std::string message) {
    failure why(errc::remote, "failed to solve: " + message);
    why.status = std::make_shared<const grpc_status>(grpc_status{code, std::move(message), {}});
    return definition_too_large(why);
  };
  const auto large = told(8, "ResourceExhausted: grpc: received message larger than max (5243178 vs. 4194304)");
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->code, errc::limit);
  EXPECT_NE(large->text.find("5.0 MiB"), std::string::npos) << large->text;
  EXPECT_NE(large->text.find("4.0 MiB at most"), std::string::npos) << large->text;
  EXPECT_FALSE(told(2, "grpc: received message larger than max (5243178 vs. 4194304)"));
  EXPECT_FALSE(told(8, "grpc: received message larger than max (5 vs. 4) said the command"));
  EXPECT_FALSE(told(8, "no space"));
  EXPECT_FALSE(definition_too_large(failure(errc::lost, "larger than max (5 vs. 4)")));
}

}  // namespace
}  // namespace peelbox::build
