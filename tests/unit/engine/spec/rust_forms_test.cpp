// Specs as the Rust peelbox wrote them over time: each loads, and each makes a plan.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/spec/load.hpp"
#include "engine/spec/plan.hpp"
#include "engine/spec/validate.hpp"

namespace peelbox::spec {
namespace {

struct form {
  const char* name;
  const char* text;
  std::size_t services = 1;
  std::size_t warnings = 0;
};

const std::vector<form> forms{
    {"as it is written today",
     R"([{"build":{"cache":["target",".cargo"],"commands":["cargo build --release"],"env":{"CARGO_HOME":".cargo"},"packages":["rust-1.92","build-base"]},
          "metadata":{"build_system":"Cargo","framework":"Actix Web","language":"Rust","project_name":"hello","reasoning":"Detected from Cargo.toml in ."},
          "runtime":{"command":["/usr/local/bin/hello"],"copy":[{"from":"target/release/hello","to":"/usr/local/bin/hello"}],"env":{},"health":{"endpoint":"/health"},
          "packages":["glibc","ca-certificates"],"ports":[8080]},"version":"1.0"}])"},
    {"an object instead of an array", R"({"runtime":{"command":["/a"],"copy":[{"from":"a","to":"/a"}]}})"},
    {"keys of earlier versions",
     R"({"version":"1.0","metadata":{"project_name":"a","language":"Go","build_system":"go","confidence":0.95,"reasoning":""},
         "build":{"base":"golang:1.21","context":[{"from":".","to":"/src"}],"artifacts":["/src/app"],"commands":["go build"],"cache":["/root/.cache"]},
         "runtime":{"base":"alpine","copy":[{"from":"app","to":"/app/app"}],"command":["/app/app"],"healthcheck":{"test":"x"}}})",
     1, 6},
    {"null for all fields and sections",
     R"({"version":null,"metadata":{"project_name":"n","language":null,"framework":null,"reasoning":null},"build":null,
         "runtime":{"packages":null,"env":null,"copy":[{"from":"x","to":"/x"}],"command":["/x"],"ports":null,"health":null}})"},
    {"no metadata", R"({"build":{"commands":["make"]},"runtime":{"copy":[{"from":"a","to":"/a"}],"command":["/a"]}})"},
    {"copies with patterns, directories and a trailing slash",
     R"({"build":{"commands":["mvn package"]},"runtime":{"copy":[{"from":"target/*.jar","to":"/app/"},{"from":"target/lib/","to":"/app/lib"},{"from":".","to":"/src"},
         {"from":"/root/.local/","to":"/root/.local"}],"command":["java","-jar","/app/app.jar"]}})"},
    {"a bare command and its words", R"({"runtime":{"copy":[{"from":".","to":"/app"}],"command":["flask","run"],"ports":[1,65535]}})"},
    {"several services",
     R"([{"metadata":{"project_name":"a"},"runtime":{"copy":[{"from":"a","to":"/a"}],"command":["/a"]}},
         {"metadata":{"project_name":"@monorepo/web"},"runtime":{"copy":[{"from":"b","to":"/b"}],"command":["/b"]}}])",
     2},
    {"absolute and relative caches", R"({"build":{"commands":["x"],"cache":["node_modules",".npm","/build/target","/root/.m2"]},"runtime":{"copy":[{"from":"a","to":"/a"}],"command":["/a"]}})"},
};

TEST(rust_forms, load_and_make_a_plan) {
  for (const form& f : forms) {
    const auto loaded = load(f.text, "spec.json");
    ASSERT_TRUE(loaded) << f.name << ": " << loaded.error().text;
    EXPECT_EQ(loaded->services.size(), f.services) << f.name;
    EXPECT_EQ(loaded->warnings.size(), f.warnings) << f.name << testing::PrintToString(loaded->warnings);
    const auto checked = check(*loaded);
    ASSERT_TRUE(checked) << f.name << ": " << checked.error().text;
    for (const universal_build& service : loaded->services) {
      const auto plan = make_plan(service, {});
      EXPECT_TRUE(plan) << f.name;
    }
  }
}

TEST(rust_forms, null_for_any_single_field_is_its_default) {
  for (const char* path : {"version", "metadata", "build", "runtime", "metadata.project_name", "metadata.language", "metadata.build_system",
                           "metadata.framework", "metadata.reasoning", "build.packages", "build.env", "build.commands", "build.cache",
                           "runtime.packages", "runtime.env", "runtime.copy", "runtime.command", "runtime.ports", "runtime.health"}) {
    const std::string_view whole(path);
    const std::size_t dot = whole.find('.');
    const std::string text = dot == std::string_view::npos
                                 ? "{\"" + std::string(whole) + "\": null}"
                                 : "{\"" + std::string(whole.substr(0, dot)) + "\": {\"" + std::string(whole.substr(dot + 1)) + "\": null}}";
    const auto with_null = load(text, "f");
    ASSERT_TRUE(with_null) << path << ": " << with_null.error().text;
    EXPECT_TRUE(with_null->warnings.empty()) << path;
    const universal_build& s = with_null->services.front();
    EXPECT_EQ(s.version, "1.0") << path;
    EXPECT_EQ(s.metadata.project_name + s.metadata.language + s.metadata.build_system + s.metadata.framework + s.metadata.reasoning, "") << path;
    EXPECT_TRUE(s.build.packages.empty() && s.build.env.empty() && s.build.commands.empty() && s.build.cache.empty()) << path;
    EXPECT_TRUE(s.runtime.packages.empty() && s.runtime.env.empty() && s.runtime.copy.empty() && s.runtime.command.empty()) << path;
    EXPECT_TRUE(s.runtime.ports.empty() && !s.runtime.health) << path;
  }
}

TEST(rust_forms, what_it_refused_is_refused) {
  for (const char* text : {R"({"runtime":{"ports":[80.5]}})", R"({"runtime":{"ports":[65536]}})", R"({"runtime":{"ports":["80"]}})", R"({"runtime":{"health":{}}})", "[]",
                           R"({"runtime":{"command":"run"}})", R"({"build":{"commands":"make"}})"})
    EXPECT_FALSE(load(text, "f")) << text;
}

}  // namespace
}  // namespace peelbox::spec
