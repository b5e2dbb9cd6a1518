#include "engine/spec/validate.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace peelbox::spec {
namespace {

universal_build good() {
  universal_build s;
  s.metadata.project_name = "p";
  s.build.packages = {"gcc", "libstdc++", "openssl-dev=3.2", "g++:amd64"};
  s.build.commands = {"make"};
  s.build.cache = {"target", "/root/.cache"};
  s.runtime.copy = {{"build/x", "/usr/bin/x"}};
  s.runtime.command = {"/usr/bin/x"};
  s.runtime.ports = {80};
  s.runtime.health = health_check{"/ok"};
  return s;
}

TEST(validate, good_spec) { EXPECT_TRUE(validate(good()).empty()); }

struct change {
  std::string path;
  problem::weight how;
  std::function<void(universal_build&)> apply;
};

TEST(validate, each_rule) {
  constexpr auto error = problem::weight::error;
  constexpr auto warning = problem::weight::warning;
  const change changes[] = {
      {"version", warning, [](auto& s) { s.version = "2.0"; }},
      {"metadata.project_name", warning, [](auto& s) { s.metadata.project_name = ""; }},
      {"metadata.project_name", error, [](auto& s) { s.metadata.project_name = "a\nb"; }},
      {"build.packages[1]", error,
       [](auto& s) {
         s.build.packages = {"a", "b;rm -rf /"};
       }},
      {"build.packages[0]", error, [](auto& s) { s.build.packages = {"$(id)"}; }},
      {"build.packages[0]", error, [](auto& s) { s.build.packages = {""}; }},
      {"build.packages[0]", error, [](auto& s) { s.build.packages = {"--root=/x"}; }},
      {"build.packages[0]", error, [](auto& s) { s.build.packages = {"a b"}; }},
      {"build.packages[0]", error, [](auto& s) { s.build.packages = {"a*"}; }},
      {"build.packages[1]", warning,
       [](auto& s) {
         s.build.packages = {"a", "a"};
       }},
      {"runtime.packages[0]", error, [](auto& s) { s.runtime.packages = {"a|b"}; }},
      {"build.env.", error,
       [](auto& s) {
         s.build.env = {{"", "x"}};
       }},
      {"build.env.A=B", error,
       [](auto& s) {
         s.build.env = {{"A=B", "x"}};
       }},
      {"build.env.A", error,
       [](auto& s) {
         s.build.env = {{"A", std::string("x\0y", 3)}};
       }},
      {"runtime.env.a.b", warning,
       [](auto& s) {
         s.runtime.env = {{"a.b", "x"}};
       }},
      {"build.commands[0]", error, [](auto& s) { s.build.commands = {" \n"}; }},
      {"build.commands[0]", error, [](auto& s) { s.build.commands = {std::string("a\0b", 3)}; }},
      {"build.commands", error, [](auto& s) { s.build.commands.assign(501, "x"); }},
      {"build.secrets[0].id", error, [](auto& s) { s.build.secrets = {{"", "", "", false}}; }},
      {"build.secrets[0].id", error, [](auto& s) { s.build.secrets = {{"a,b", "", "", false}}; }},
      {"build.secrets[0]", error, [](auto& s) { s.build.secrets = {{"a", "/a", "A", false}}; }},
      {"build.secrets[0].to", error, [](auto& s) { s.build.secrets = {{"a", "relative", "", false}}; }},
      {"build.secrets[0].to", error, [](auto& s) { s.build.secrets = {{"a", "/../a", "", false}}; }},
      {"build.secrets[1].to", error, [](auto& s) { s.build.secrets = {{"a", "", "", false}, {"b", "/run/secrets/a", "", false}}; }},
      {"build.ssh[0]", error, [](auto& s) { s.build.ssh = {""}; }},
      {"build.ssh[1]", error, [](auto& s) { s.build.ssh = {"a", "a"}; }},
      {"build.cache[0]", error, [](auto& s) { s.build.cache = {""}; }},
      {"build.cache[0]", error, [](auto& s) { s.build.cache = {"/"}; }},
      {"build.cache[0]", error, [](auto& s) { s.build.cache = {"/build/"}; }},
      {"build.cache[0]", error, [](auto& s) { s.build.cache = {"."}; }},
      {"build.cache[0]", error, [](auto& s) { s.build.cache = {"../x"}; }},
      {"build.cache[0]", error, [](auto& s) { s.build.cache = {"*/target"}; }},
      {"build.cache[1]", warning,
       [](auto& s) {
         s.build.cache = {"a", "a/"};
       }},
      {"runtime.copy[0].from", error, [](auto& s) { s.runtime.copy[0].from = ""; }},
      {"runtime.copy[0].from", error, [](auto& s) { s.runtime.copy[0].from = "../etc/passwd"; }},
      {"runtime.copy[0].to", error, [](auto& s) { s.runtime.copy[0].to = ""; }},
      {"runtime.copy[0].to", error, [](auto& s) { s.runtime.copy[0].to = "usr/bin"; }},
      {"runtime.copy[0].to", error, [](auto& s) { s.runtime.copy[0].to = "/a/../b"; }},
      {"runtime.copy[0].to", error, [](auto& s) { s.runtime.copy[0].to = "/a\nb"; }},
      {"runtime.copy", warning, [](auto& s) { s.runtime.copy.clear(); }},
      {"runtime.command", warning, [](auto& s) { s.runtime.command.clear(); }},
      {"runtime.command[0]", error,
       [](auto& s) {
         s.runtime.command = {"", "x"};
       }},
      {"runtime.ports[0]", error, [](auto& s) { s.runtime.ports = {0}; }},
      {"runtime.ports[1]", warning,
       [](auto& s) {
         s.runtime.ports = {1, 1};
       }},
      {"runtime.health", warning, [](auto& s) { s.runtime.ports.clear(); }},
      {"runtime.health.endpoint", error, [](auto& s) { s.runtime.health->endpoint = ""; }},
      {"runtime.health.endpoint", error, [](auto& s) { s.runtime.health->endpoint = "/a b"; }},
      {"runtime.health.endpoint", warning, [](auto& s) { s.runtime.health->endpoint = "ok"; }},
  };
  for (const change& c : changes) {
    universal_build s = good();
    c.apply(s);
    const auto problems = validate(s);
    ASSERT_EQ(problems.size(), 1u) << c.path;
    EXPECT_EQ(problems[0].path, c.path);
    EXPECT_EQ(problems[0].how, c.how) << c.path << ": " << problems[0].text;
  }
}

TEST(check, lines_and_all_problems_at_once) {
  const auto spec = load(
      "[\n{\"metadata\":{\"project_name\":\"a\"},\n\"runtime\":{\"copy\":[{\"from\":\"x\"}],\n"
      "\"ports\":[0],\"command\":[\"c\"]}},\n{\"metadata\":{\"project_name\":\"a\"}}]",
      "s.json");
  ASSERT_TRUE(spec);
  const auto checked = check(*spec);
  ASSERT_FALSE(checked);
  EXPECT_EQ(
      checked.error().text,
      "s.json:3: [0].runtime.copy[0].to: it is missing or empty; expected an absolute path in the image\n"
      "s.json:4: [0].runtime.ports[0]: 0 is no port; expected 1 to 65535\n"
      "s.json:5: [1].metadata.project_name: the service [0] is called \"a\" too; names have to differ");
}

TEST(check, warnings_of_a_valid_spec) {
  const auto spec = load("{\n\"build\":{\"commands\":[\"make\"]}}", "s.json");
  ASSERT_TRUE(spec);
  const auto checked = check(*spec);
  ASSERT_TRUE(checked) << checked.error().text;
  ASSERT_EQ(checked->size(), 3u);
  EXPECT_EQ(checked->at(0),
            "s.json:1: metadata.project_name: it is missing or empty; the service is called \"app\"");
}

}  // namespace
}  // namespace peelbox::spec
