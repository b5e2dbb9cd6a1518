#include "engine/client/solve_messages.hpp"

#include <gtest/gtest.h>

#include "engine/client/program.hpp"

namespace peelbox::client {
namespace {

namespace gateway = moby::buildkit::v1::frontend;

std::shared_ptr<pb::Definition> definition_of(const std::string& operation) {
  auto definition = std::make_shared<pb::Definition>();
  definition->add_def(operation);
  return definition;
}

solve_request example() {
  solve_request request;
  request.ref = "ref";
  request.session_id = "session";
  request.source = definitions{{{{"linux", "arm", "v7"}, definition_of("op"), R"({"os":"linux"})"}}};
  request.exports.push_back({{"oci", {{"name", "docker.io/library/x:1"}}}, {}});
  return request;
}

gateway_result result_of(const std::string& reference) {
  auto message = std::make_shared<gateway::Result>();
  message->mutable_ref()->set_id(reference);
  return gateway_result(std::move(message));
}

TEST(SolveMessages, PlainDefinitionCarriesConfigAsExporterAttribute) {
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

TEST(SolveMessages, NameAndEpochAreBuildArguments) {
  solve_request asked = example();
  asked.build_name = "app:1";
  asked.source_date_epoch = "1700000000";
  const auto request = control_solve(asked);
  EXPECT_EQ(request.frontendattrs().at("build-arg:BUILDKIT_BUILD_NAME"), "app:1");
  EXPECT_EQ(request.frontendattrs().at("build-arg:SOURCE_DATE_EPOCH"), "1700000000");
  EXPECT_TRUE(request.frontend().empty());
}

TEST(SolveMessages, AttestationsGoThroughTheGateway) {
  solve_request asked = example();
  asked.attest = {"generator=x", "mode=min"};
  asked.no_cache = true;
  ASSERT_TRUE(needs_gateway(asked));
  const auto request = control_solve(asked);
  EXPECT_FALSE(request.has_definition());
  EXPECT_EQ(request.exporters(0).attrs().count("containerimage.config"), 0u);
  EXPECT_EQ(request.frontendattrs().at("attest:sbom"), "generator=x");
  EXPECT_EQ(request.frontendattrs().at("attest:provenance"), "mode=min");
  EXPECT_EQ(request.frontendattrs().at("no-cache"), "");
}

TEST(SolveMessages, AFrontendIsCalledByTheDaemon) {
  solve_request asked = example();
  asked.source = frontend_call{"dockerfile.v0", {{"filename", "Dockerfile"}}, {{"base", definition_of("in")}}};
  asked.attest.provenance = "mode=max";
  ASSERT_FALSE(needs_gateway(asked)) << "the frontend's result has what attestations need";
  const auto request = control_solve(asked);
  EXPECT_FALSE(request.has_definition());
  EXPECT_EQ(request.frontend(), "dockerfile.v0");
  EXPECT_EQ(request.frontendattrs().at("filename"), "Dockerfile");
  EXPECT_EQ(request.frontendattrs().at("attest:provenance"), "mode=max");
  EXPECT_EQ(request.frontendinputs().at("base").def(0), "in");
  EXPECT_EQ(request.exporters(0).attrs().count("containerimage.config"), 0u);

  const auto through = gateway_solve(std::get<frontend_call>(asked.source), {});
  EXPECT_EQ(through.frontend(), "dockerfile.v0");
  EXPECT_EQ(through.frontendopt().at("filename"), "Dockerfile");
  EXPECT_EQ(through.frontendinputs().at("base").def(0), "in");
}

TEST(SolveMessages, CachesAreImportedByWhoeverSolves) {
  solve_request asked = example();
  asked.cache_imports = {{"registry", {{"ref", "r/a:1"}}}};
  asked.cache_exports = {{"inline", {}}};
  const std::string json = R"([{"Type":"registry","Attrs":{"ref":"r/a:1"}}])";
  const auto plain = control_solve(asked);
  ASSERT_EQ(plain.cache().imports_size(), 1);
  EXPECT_EQ(plain.cache().imports(0).type(), "registry");
  EXPECT_EQ(plain.cache().imports(0).attrs().at("ref"), "r/a:1");
  ASSERT_EQ(plain.cache().exports_size(), 1);
  EXPECT_EQ(plain.cache().exports(0).type(), "inline");
  EXPECT_EQ(plain.frontendattrs().count("cache-imports"), 0u);
  const auto through = gateway_solve(*definition_of("a"), asked.cache_imports);
  ASSERT_EQ(through.cacheimports_size(), 1);
  EXPECT_EQ(through.cacheimports(0).attrs().at("ref"), "r/a:1");
  const frontend_call frontend{"dockerfile.v0", {}, {}};
  EXPECT_EQ(gateway_solve(frontend, asked.cache_imports).frontendopt().at("cache-imports"), json);
  asked.source = frontend;
  EXPECT_EQ(control_solve(asked).frontendattrs().at("cache-imports"), json);
}

TEST(SolveMessages, SeveralExportersAreListedAndTheFirstIsForOldDaemonsToo) {
  solve_request asked = example();
  asked.exports.push_back({{"local", {{"platform-split", "false"}}}, session::directory_target{"out", false}});
  const auto request = control_solve(asked);
  ASSERT_EQ(request.exporters_size(), 2);
  EXPECT_EQ(request.exporters(0).type(), "oci");
  EXPECT_EQ(request.exporters(1).type(), "local");
  EXPECT_EQ(request.exporters(1).attrs().at("platform-split"), "false");
  EXPECT_EQ(request.exporterdeprecated(), "oci");
  asked.exports.clear();
  EXPECT_EQ(control_solve(asked).exporters_size(), 0);
  EXPECT_TRUE(control_solve(asked).exporterdeprecated().empty());
}

TEST(SolveMessages, CachesEntitlementsAndPolicyAreSentAsTheyAre) {
  solve_request asked = example();
  asked.cache_imports = {{"registry", {{"ref", "r/a"}}}, {"local", {{"src", "dir"}}}};
  asked.cache_exports = {{"inline", {}}};
  asked.entitlements = {"network.host"};
  auto policy = std::make_shared<moby::buildkit::v1::sourcepolicy::Policy>();
  policy->set_version(1);
  asked.source_policy = policy;
  const auto request = control_solve(asked);
  ASSERT_EQ(request.cache().imports_size(), 2);
  EXPECT_EQ(request.cache().imports(0).attrs().at("ref"), "r/a");
  EXPECT_EQ(request.cache().imports(1).type(), "local");
  ASSERT_EQ(request.cache().exports_size(), 1);
  EXPECT_EQ(request.cache().exports(0).type(), "inline");
  EXPECT_EQ(request.entitlements(0), "network.host");
  EXPECT_EQ(request.sourcepolicy().version(), 1);
  EXPECT_FALSE(control_solve(example()).has_sourcepolicy());
}

TEST(SolveMessages, OneDefinitionGivesItsReferenceAndConfig) {
  const auto parts = std::get<definitions>(example().source).parts;
  const gateway_result combined = combined_result(parts, {result_of("r1")});
  EXPECT_EQ(combined.message()->ref().id(), "r1");
  EXPECT_EQ(combined.message()->metadata().at("containerimage.config"), R"({"os":"linux"})");
  EXPECT_EQ(combined.message()->metadata().at("refs.platforms"),
            R"({"Platforms":[{"ID":"linux/arm/v7","Platform":{"architecture":"arm","os":"linux","variant":"v7"}}]})");
}

TEST(SolveMessages, SeveralPlatformsMakeOneResultOfNamedParts) {
  solve_request asked = example();
  auto& parts = std::get<definitions>(asked.source).parts;
  parts.push_back({{"linux", "amd64", ""}, {}, R"({"os":"linux","architecture":"amd64"})"});
  ASSERT_TRUE(needs_gateway(asked));
  EXPECT_FALSE(control_solve(asked).has_definition());
  const gateway_result combined = combined_result(parts, {result_of("arm"), result_of("amd")});
  EXPECT_FALSE(combined.message()->has_ref());
  EXPECT_EQ(combined.message()->refs().refs().at("linux/arm/v7").id(), "arm");
  EXPECT_EQ(combined.message()->refs().refs().at("linux/amd64").id(), "amd");
  const auto& metadata = combined.message()->metadata();
  EXPECT_EQ(metadata.at("containerimage.config/linux/arm/v7"), R"({"os":"linux"})");
  EXPECT_EQ(metadata.at("containerimage.config/linux/amd64"), R"({"os":"linux","architecture":"amd64"})");
  EXPECT_EQ(metadata.count("containerimage.config"), 0u);
  EXPECT_EQ(metadata.at("refs.platforms"),
            R"({"Platforms":[{"ID":"linux/arm/v7","Platform":{"architecture":"arm","os":"linux","variant":"v7"}},)"
            R"({"ID":"linux/amd64","Platform":{"architecture":"amd64","os":"linux"}}]})");
}

TEST(SolveMessages, TheSecondTryMayUseTheCache) {
  pb::Definition definition;
  (*definition.mutable_metadata())["sha256:1"].set_ignore_cache(true);
  EXPECT_FALSE(with_cache(definition)->metadata().at("sha256:1").ignore_cache());
  EXPECT_TRUE(definition.metadata().at("sha256:1").ignore_cache());
}

TEST(SolveMessages, ABaseImageIsAskedForByPlatform) {
  const auto request = gateway_resolve("docker.io/library/x:1", {"linux", "arm", "v7"});
  EXPECT_EQ(request.ref(), "docker.io/library/x:1");
  EXPECT_EQ(request.platform().os(), "linux");
  EXPECT_EQ(request.platform().architecture(), "arm");
  EXPECT_EQ(request.platform().variant(), "v7");
  EXPECT_EQ(request.logname(), "load metadata for docker.io/library/x:1");
}

TEST(SolveMessages, ADefinitionThatIsTooLargeIsCalledSo) {
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
}  // namespace peelbox::client
