#include "engine/client/program.hpp"

#include <gmock/gmock.h>

#include "proto/gateway.pb.h"
#include "proto/ops.pb.h"
#include "tests/support/run_task.hpp"

namespace peelbox::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace gateway = moby::buildkit::v1::frontend;

/// A daemon that says of every image what it was asked, and of every definition its first operation.
class fake_daemon final : public gateway_client {
 public:
  std::vector<oci::platform> builds_for{{"linux", "s390x", ""}};
  std::vector<std::string> asked;
  std::string refuses;

  task<result<std::vector<oci::platform>>> platforms() override { co_return builds_for; }
  task<result<resolved_image>> resolve_image(std::string reference, oci::platform platform) override {
    asked.push_back(reference + " " + oci::to_string(platform));
    if (reference == refuses) co_return failure(errc::remote, reference + ": not found");
    co_return resolved_image{"sha256:d", "config of " + reference};
  }
  task<result<gateway_result>> solve(std::shared_ptr<const pb::Definition> definition) override {
    asked.push_back("solve " + definition->def(0));
    auto message = std::make_shared<gateway::Result>();
    message->mutable_ref()->set_id(definition->def(0));
    co_return gateway_result(std::move(message));
  }
  task<result<gateway_result>> solve(frontend_call frontend) override {
    co_return failure(errc::internal, frontend.name);
  }
  task<result<std::string>> read_file(gateway_result, std::string path, std::size_t) override {
    co_return failure(errc::internal, path);
  }
  task<result<filesync::stat_entry>> stat_file(gateway_result, std::string path) override {
    co_return failure(errc::internal, path);
  }
  task<result<std::set<std::string>>> capabilities() override { co_return std::set<std::string>(); }
};

late_plan plan_with(std::vector<std::string> images) {
  return {std::move(images), [](const oci::platform& platform, const late_plan::images& found) -> result<platform_build> {
            auto definition = std::make_shared<pb::Definition>();
            std::string operation = platform.arch;
            for (const auto& [reference, image] : found) operation += "," + image.config;
            definition->add_def(operation);
            return platform_build{platform, std::move(definition), "{}"};
          }};
}

TEST(Program, APlanKnowsItsBaseImagesForEachPlatform) {
  fake_daemon daemon;
  daemon.builds_for = {{"linux", "amd64", ""}, {"linux", "arm64", ""}};
  const auto program = program_of(plan_with({"a", "b"}));
  ASSERT_TRUE(test::run_task(program->prepare(daemon)).has_value());
  EXPECT_THAT(daemon.asked, ElementsAre("a linux/amd64", "b linux/amd64", "a linux/arm64", "b linux/arm64"));
  ASSERT_EQ(program->plan().size(), 2u);
  EXPECT_EQ(program->plan()[1].definition->def(0), "arm64,config of a,config of b");
  daemon.asked.clear();
  const result<gateway_result> made = test::run_task(program->run(daemon));
  ASSERT_TRUE(made.has_value());
  EXPECT_THAT(daemon.asked, ElementsAre("solve amd64,config of a,config of b", "solve arm64,config of a,config of b"));
  EXPECT_EQ(made->message()->refs().refs().size(), 2u);
}

TEST(Program, AnImageThatIsNotThereFailsThePreparation) {
  fake_daemon daemon;
  daemon.refuses = "b";
  const auto program = program_of(plan_with({"a", "b"}));
  const result<void> ready = test::run_task(program->prepare(daemon));
  ASSERT_TRUE(ready.has_error());
  EXPECT_THAT(ready.error().text, HasSubstr("b: not found"));
  EXPECT_TRUE(program->plan().empty());
}

TEST(Program, ADefinitionThatSaysNoPlatformIsForTheDaemonsOwn) {
  fake_daemon daemon;
  auto definition = std::make_shared<pb::Definition>();
  definition->add_def("op");
  const auto program = program_of(definitions{{{{}, std::move(definition), {}}}});
  ASSERT_TRUE(test::run_task(program->prepare(daemon)).has_value());
  ASSERT_EQ(program->plan().size(), 1u);
  EXPECT_EQ(program->plan().front().platform.arch, "s390x");
  const result<gateway_result> made = test::run_task(program->run(daemon));
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->message()->ref().id(), "op");
  EXPECT_THAT(made->message()->metadata().at("refs.platforms"), HasSubstr("linux/s390x"));
}

}  // namespace
}  // namespace peelbox::client
