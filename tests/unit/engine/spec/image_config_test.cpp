#include "engine/spec/image_config.hpp"

#include <gtest/gtest.h>

#include "engine/oci/manifest.hpp"

namespace peelbox::spec {
namespace {

plan_options amd64() {
  plan_options options;
  options.platform = {"linux", "amd64", ""};
  return options;
}

TEST(image_config, smallest) {
  EXPECT_EQ(
      image_config_json({}, amd64(), true),
      R"({"architecture":"amd64","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:)"
      R"(/sbin:/bin"],"WorkingDir":"/app"},"history":[],"os":"linux",)"
      R"("rootfs":{"diff_ids":[],"type":"layers"}})");
}

TEST(image_config, everything) {
  universal_build service;
  service.runtime.env = {{"PATH", "/x"}, {"B", "say \"hi\"\n"}};
  service.runtime.command = {"/bin/a", "-b"};
  service.runtime.ports = {8080, 53};
  service.runtime.health = health_check{"/ok"};
  plan_options options = amd64();
  options.platform = {"linux", "arm", "v6"};
  options.cmd = {"serve"};
  options.labels = {{"k", "v"}};
  options.user = "1000:1000";
  options.working_dir = "/srv";
  options.runtime_image_env = {{"LANG", "C.UTF-8"}, {"B", "old"}};
  const std::string json = image_config_json(service, options, true);
  const auto config = oci::parse_image_config(json);
  ASSERT_TRUE(config) << config.error().text << json;
  EXPECT_EQ(oci::to_string(config->platform), "linux/arm/v6");
  EXPECT_EQ(config->env, (std::vector<std::string>{"B=say \"hi\"\n", "LANG=C.UTF-8", "PATH=/x"}));
  EXPECT_EQ(config->entrypoint, (std::vector<std::string>{"/bin/a", "-b"}));
  EXPECT_EQ(config->cmd, std::vector<std::string>{"serve"});
  EXPECT_EQ(config->working_dir, "/srv");
  EXPECT_EQ(config->user, "1000:1000");
  EXPECT_EQ(config->labels.at("k"), "v");
  EXPECT_EQ(config->exposed_ports, (std::vector<std::string>{"53/tcp", "8080/tcp"}));
  EXPECT_NE(json.find(R"("Healthcheck":{"Interval":30000000000,"Retries":3,)"), std::string::npos);
  EXPECT_NE(json.find("http://127.0.0.1:8080/ok"), std::string::npos) << "the first port is probed";
}

TEST(image_config, entrypoint_override_and_no_health_without_shell) {
  universal_build service;
  service.runtime.command = {"a"};
  service.runtime.ports = {80};
  service.runtime.health = health_check{"/ok"};
  plan_options options = amd64();
  options.entrypoint = {"other"};
  const std::string json = image_config_json(service, options, false);
  EXPECT_EQ(oci::parse_image_config(json).value().entrypoint, std::vector<std::string>{"other"});
  EXPECT_EQ(json.find("Healthcheck"), std::string::npos);
  options.entrypoint = std::vector<std::string>{};
  EXPECT_EQ(image_config_json(service, options, true).find("Entrypoint"), std::string::npos);
}

TEST(image_config, endpoint_cannot_leave_its_quotes) {
  const std::string command = health_command(80, "/a'; touch /tmp/x; '");
  EXPECT_NE(command.find(R"('http://127.0.0.1:80/a'\''; touch /tmp/x; '\''')"), std::string::npos) << command;
  EXPECT_NE(health_command(80, "ok").find("http://127.0.0.1:80/ok'"), std::string::npos);
}

}  // namespace
}  // namespace peelbox::spec
