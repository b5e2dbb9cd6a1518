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
  options.runtime_base.emplace().config.env = {"LANG=C.UTF-8", "B=old"};
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

oci::image_config nginx() {
  return oci::parse_image_config(R"({
    "architecture": "amd64", "os": "linux", "history": [{"created_by": "base layer"}],
    "config": {"Env": ["PATH=/opt/x/bin:/bin", "NGINX=1.27"], "User": "101", "WorkingDir": "/usr/share/nginx",
               "Entrypoint": ["/docker-entrypoint.sh"], "Cmd": ["nginx", "-g", "daemon off;"],
               "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/var/cache": {}}, "StopSignal": "SIGQUIT",
               "Labels": {"maintainer": "them", "k": "theirs"}, "Healthcheck": {"Test": ["CMD", "true"], "Retries": 2},
               "OnBuild": ["RUN false"]}})")
      .value();
}

TEST(image_config, base_image_is_the_ground) {
  plan_options options = amd64();
  options.runtime_base.emplace().config = nginx();
  options.labels = {{"k", "ours"}};
  EXPECT_EQ(image_config_json({}, options, true),
            R"({"architecture":"amd64","config":{"Cmd":["nginx","-g","daemon off;"],)"
            R"("Entrypoint":["/docker-entrypoint.sh"],"Env":["NGINX=1.27","PATH=/opt/x/bin:/bin"],)"
            R"("ExposedPorts":{"80/tcp":{}},"Healthcheck":{"Test":["CMD","true"],"Retries":2},)"
            R"("Labels":{"k":"ours","maintainer":"them"},"StopSignal":"SIGQUIT","User":"101",)"
            R"("Volumes":{"/var/cache":{}},"WorkingDir":"/usr/share/nginx"},)"
            R"("history":[{"created_by":"base layer"}],"os":"linux","rootfs":{"diff_ids":[],"type":"layers"}})");
}

TEST(image_config, spec_is_on_top_of_the_base_image) {
  universal_build service;
  service.runtime.env = {{"PATH", "/mine"}};
  service.runtime.command = {"/app/run"};
  service.runtime.ports = {8080};
  service.runtime.health = health_check{"/ok"};
  service.runtime.copy = {{"run", "/app/run"}};
  plan_options options = amd64();
  options.runtime_base.emplace().config = nginx();
  options.user = "7";
  const auto config = oci::parse_image_config(image_config_json(service, options, true)).value();
  EXPECT_EQ(config.env, (std::vector<std::string>{"NGINX=1.27", "PATH=/mine"}));
  EXPECT_EQ(config.entrypoint, std::vector<std::string>{"/app/run"});
  EXPECT_TRUE(config.cmd.empty()) << "the image's arguments are for its own entrypoint";
  EXPECT_EQ(config.exposed_ports, (std::vector<std::string>{"80/tcp", "8080/tcp"}));
  EXPECT_EQ(config.user, "7");
  EXPECT_EQ(config.working_dir, "/app") << "something is copied there";
  EXPECT_NE(config.health_check_json.find("8080/ok"), std::string::npos);
}

TEST(image_config, working_directory_of_the_base_image_needs_an_app_elsewhere) {
  universal_build service;
  plan_options options = amd64();
  options.runtime_base.emplace().config = nginx();
  for (const auto& [to, expected] : {std::pair{"/app", "/app"}, {"/app/", "/app"}, {"/application", "/usr/share/nginx"},
                                     {"/srv/x", "/usr/share/nginx"}}) {
    service.runtime.copy = {{"x", to}};
    EXPECT_EQ(oci::parse_image_config(image_config_json(service, options, true)).value().working_dir, expected) << to;
  }
  options.runtime_base->config.working_dir = "/";
  EXPECT_EQ(oci::parse_image_config(image_config_json({}, options, true)).value().working_dir, "/app");
}

}  // namespace
}  // namespace peelbox::spec
