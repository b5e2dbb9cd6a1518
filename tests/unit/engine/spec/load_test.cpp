#include "engine/spec/load.hpp"

#include <gtest/gtest.h>

namespace peelbox::spec {
namespace {

std::string problem_of(std::string_view text) {
  const auto loaded = load(text, "spec.json");
  if (loaded) return "(loaded)";
  EXPECT_TRUE(loaded.error().code == errc::usage || loaded.error().code == errc::limit);
  return loaded.error().text;
}

TEST(load, every_field) {
  const auto loaded = load(R"({
    "version": "1.0",
    "metadata": {"project_name": "p", "language": "l", "build_system": "b", "framework": "f", "reasoning": "r"},
    "build": {"packages": ["gcc"], "env": {"A": "b"}, "commands": ["make"], "cache": ["target"],
              "secrets": [{"id": "s", "to": "/s", "optional": true}, {"id": "t", "env": "T"}], "ssh": ["default"]},
    "runtime": {"packages": ["libc"], "env": {"C": "d"}, "copy": [{"from": "x", "to": "/y"}],
                "command": ["/y", "--ü"], "ports": [0, 80, 65535], "health": {"endpoint": "/ok"}}
  })",
                           "spec.json");
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_TRUE(loaded->warnings.empty());
  EXPECT_FALSE(loaded->is_array);
  ASSERT_EQ(loaded->services.size(), 1u);
  const universal_build& s = loaded->services[0];
  EXPECT_EQ(s.metadata.project_name, "p");
  EXPECT_EQ(s.metadata.language, "l");
  EXPECT_EQ(s.metadata.build_system, "b");
  EXPECT_EQ(s.metadata.framework, "f");
  EXPECT_EQ(s.metadata.reasoning, "r");
  EXPECT_EQ(s.build.packages, std::vector<std::string>{"gcc"});
  EXPECT_EQ(s.build.env.at("A"), "b");
  EXPECT_EQ(s.build.commands, std::vector<std::string>{"make"});
  EXPECT_EQ(s.build.cache, std::vector<std::string>{"target"});
  ASSERT_EQ(s.build.secrets.size(), 2u);
  EXPECT_EQ(s.build.secrets[0].id, "s");
  EXPECT_EQ(s.build.secrets[0].path(), "/s");
  EXPECT_TRUE(s.build.secrets[0].optional);
  EXPECT_EQ(s.build.secrets[1].env, "T");
  EXPECT_EQ(s.build.ssh, std::vector<std::string>{"default"});
  EXPECT_EQ(s.runtime.packages, std::vector<std::string>{"libc"});
  EXPECT_EQ(s.runtime.env.at("C"), "d");
  ASSERT_EQ(s.runtime.copy.size(), 1u);
  EXPECT_EQ(s.runtime.copy[0].from, "x");
  EXPECT_EQ(s.runtime.copy[0].to, "/y");
  EXPECT_EQ(s.runtime.command, (std::vector<std::string>{"/y", "--ü"}));
  EXPECT_EQ(s.runtime.ports, (std::vector<std::uint16_t>{0, 80, 65535}));
  ASSERT_TRUE(s.runtime.health);
  EXPECT_EQ(s.runtime.health->endpoint, "/ok");
  EXPECT_EQ(loaded->lines.at("runtime.ports[1]"), 7u);
  EXPECT_EQ(loaded->lines.at("runtime.copy[0].to"), 6u);
}

TEST(load, null_means_the_default_everywhere) {
  for (
      const char* text :
      {"{}", R"({"version":null,"metadata":null,"build":null,"runtime":null})",
       R"({"metadata":{"project_name":null,"language":null,"build_system":null,"framework":null,"reasoning":null},
            "build":{"packages":null,"env":null,"commands":null,"cache":null},
            "runtime":{"packages":null,"env":null,"copy":null,"command":null,"ports":null,"health":null}})",
       R"({"runtime":{"copy":[{"from":null,"to":null}]}})"}) {
    const auto loaded = load(text, "f");
    ASSERT_TRUE(loaded) << loaded.error().text;
    EXPECT_EQ(loaded->services[0].version, "1.0");
    EXPECT_FALSE(loaded->services[0].runtime.health);
    EXPECT_TRUE(loaded->warnings.empty());
  }
}

TEST(load, errors_name_file_line_key_and_expectation) {
  EXPECT_EQ(problem_of("{\n\"runtime\": {\n\"ports\": [80,\n\"80a\"]}}"),
            "spec.json:4: runtime.ports[1]: expected an integer from 0 to 65535, found \"80a\"");
  EXPECT_EQ(problem_of(R"({"runtime":{"ports":[65536]}})"),
            "spec.json:1: runtime.ports[0]: expected an integer from 0 to 65535, found 65536");
  for (const char* port : {"-1", "1.0", "1e2", "true", "null", "[]", "{}", "\"80\""})
    EXPECT_NE(problem_of(std::string(R"({"runtime":{"ports":[)") + port + "]}}").find("expected an integer"),
              std::string::npos)
        << port;
  EXPECT_EQ(problem_of(R"({"build":{"commands":"make"}})"),
            "spec.json:1: build.commands: expected an array of strings, found \"make\"");
  EXPECT_EQ(problem_of(R"({"build":{"commands":[1]}})"),
            "spec.json:1: build.commands[0]: expected a string, found 1");
  EXPECT_EQ(problem_of(R"({"build":{"env":{"A":1}}})"),
            "spec.json:1: build.env.A: expected a string, found 1");
  EXPECT_EQ(problem_of(R"({"build":[]})"), "spec.json:1: build: expected an object, found an array");
  EXPECT_EQ(problem_of(R"({"version":1})"), "spec.json:1: version: expected a string, found 1");
  EXPECT_EQ(problem_of(R"({"runtime":{"health":{}}})"),
            "spec.json:1: runtime.health: \"endpoint\" is missing");
  EXPECT_EQ(problem_of(R"({"runtime":{"health":{"endpoint":null}}})"),
            "spec.json:1: runtime.health: \"endpoint\" is missing");
  EXPECT_EQ(problem_of(R"({"runtime":{"copy":["a"]}})"),
            "spec.json:1: runtime.copy[0]: expected an object, found \"a\"");
}

TEST(load, all_problems_at_once) {
  EXPECT_EQ(problem_of("[{\"version\":1,\n\"build\":{\"env\":[]}},\n3]"),
            "spec.json:1: [0].version: expected a string, found 1\n"
            "spec.json:2: [0].build.env: expected an object, found an array\n"
            "spec.json:3: [1]: expected an object, found 3");
}

TEST(load, duplicate_keys) {
  EXPECT_EQ(problem_of("{\"build\":{},\n\"build\":{}}"), "spec.json:2: build: the key occurs twice");
  EXPECT_EQ(problem_of(R"({"build":{"env":{"A":"1","A":"2"}}})"),
            "spec.json:1: build.env.A: the key occurs twice");
}

TEST(load, unknown_and_outdated_keys_warn) {
  const auto loaded = load(
      "{\"buidl\":{},\n\"metadata\":{\"confidence\":0.9,\"zzz\":1},\n"
      "\"build\":{\"context\":[],\"artifacts\":[{}],\"command\":[]}}",
      "s.json");
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_EQ(loaded->warnings,
            (std::vector<std::string>{
                "s.json:1: buidl: unknown key, ignored; did you mean \"build\"?",
                "s.json:2: metadata.confidence: key of an earlier version of the format, ignored",
                "s.json:2: metadata.zzz: unknown key, ignored",
                "s.json:3: build.context: key of an earlier version of the format, ignored",
                "s.json:3: build.artifacts: key of an earlier version of the format, ignored",
                "s.json:3: build.command: unknown key, ignored; did you mean \"commands\"?"}));
}

TEST(load, syntax) {
  EXPECT_EQ(problem_of(""), "spec.json:1: the file is empty");
  EXPECT_EQ(problem_of(" \n"), "spec.json:1: the file is empty");
  EXPECT_EQ(problem_of("[]"), "spec.json:1: the array has no service in it");
  EXPECT_EQ(problem_of("3"), "spec.json:1: expected an object or an array of objects");
  EXPECT_EQ(problem_of("\n\"x\""), "spec.json:2: expected an object or an array of objects");
  EXPECT_EQ(problem_of("null"), "spec.json:1: expected an object or an array of objects");
  EXPECT_EQ(problem_of("{} {}").substr(0, 12), "spec.json:1:");
  EXPECT_EQ(problem_of("{}x").substr(0, 12), "spec.json:1:");
  EXPECT_EQ(problem_of("{\"version\":\n\n1.2.3}").substr(0, 12), "spec.json:3:");
  EXPECT_EQ(problem_of("{\"version\":\n\nnul}").substr(0, 12), "spec.json:3:");
  EXPECT_EQ(problem_of("{\"version\":\n\"\\q\"}").substr(0, 12), "spec.json:2:");
  for (const char* text :
       {"{", "[", "{\"a\"", "{\"a\":", "{\"a\":1,}", "[{},]", "{\"a\" 1}", "{'a':1}", "{\"a\":\"b}",
        "{\"a\":01}", "{\"a\":tru}", "{\"a\":\"\x01\"}", "{\"a\":\"\\ud800\"}", "]", "}{", "\x00"})
    EXPECT_NE(problem_of(text), "(loaded)") << text;
}

TEST(load, encodings) {
  EXPECT_TRUE(load("\xef\xbb\xbf{}", "f"));
  EXPECT_EQ(problem_of("\xef\xbb\xbf{\n\"version\":1}"), "spec.json:2: version: expected a string, found 1");
  EXPECT_EQ(problem_of("\xff\xfe{\0}\0"), "spec.json:1: the text is UTF-16; save it as UTF-8");
  EXPECT_EQ(problem_of("{\n\"version\":\"\xff\"}"), "spec.json:2: the text is not UTF-8");
}

TEST(load, bounds) {
  EXPECT_EQ(load(std::string(max_spec_bytes + 1, ' '), "f").error().code, errc::limit);
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(load("{\"x\":" + deep + "}", "f").error().code, errc::limit);
  EXPECT_EQ(load(std::string(1 << 20, '['), "f").error().code, errc::limit);
  std::string wide = "{\"x\":[1";
  for (int i = 0; i < 300000; ++i) wide += ",1";
  EXPECT_EQ(load(wide + "]}", "f").error().code, errc::limit);
  std::string many = "[{}";
  for (std::size_t i = 0; i < max_spec_services; ++i) many += ",{}";
  EXPECT_EQ(load(many + "]", "f").error().code, errc::limit);
  std::string errors = "{\"build\":{\"commands\":[1";
  for (int i = 0; i < 200; ++i) errors += ",1";
  EXPECT_TRUE(problem_of(errors + "]}}").ends_with("more problems follow"));
}

TEST(load, select_service) {
  const auto two = load(R"([{"metadata":{"project_name":"a"}},{"metadata":{"project_name":"b"}}])", "s.json");
  ASSERT_TRUE(two);
  EXPECT_TRUE(two->is_array);
  EXPECT_EQ(select_service(*two, "b").value(), &two->services[1]);
  EXPECT_EQ(select_service(*two, "").error().text,
            "s.json describes 2 services; name one of them with --service: a, b");
  EXPECT_EQ(select_service(*two, "c").error().text, "s.json has no service \"c\"; it has: a, b");
  const auto one = load("[{}]", "s.json");
  EXPECT_EQ(select_service(*one, "").value(), &one->services[0]);
  EXPECT_EQ(select_service(*one, "app").value(), &one->services[0]);
}

}  // namespace
}  // namespace peelbox::spec
