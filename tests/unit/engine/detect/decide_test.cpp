// Findings decide fields: which rank wins, what a decision says against itself, and what follows from a start command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "engine/detect/detect.hpp"
#include "engine/detect/findings.hpp"
#include "engine/detect/write.hpp"
#include "tests/support/memory_repository.hpp"

namespace peelbox::detect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

detection detected(std::initializer_list<std::pair<const char*, const char*>> content, distro target = distro::wolfi) {
  auto tree = std::make_shared<memory_tree>();
  for (const auto& [path, text] : content) tree->files[path] = text;
  repository files = repository_of(tree);
  options how;
  how.target = target;
  auto found = detect(files, how);
  EXPECT_TRUE(found.has_value());
  return std::move(*found);
}

const spec::universal_build& only(const detection& found) {
  EXPECT_EQ(found.services.size(), 1U) << explain(found);
  static const spec::universal_build none;
  return found.services.empty() ? none : found.services.front().spec;
}

TEST(Contest, HighestRankThenFirst) {
  contest<int> all;
  EXPECT_EQ(all.winner(), nullptr);
  all.add({1, rank::framework, "a", confidence::likely});
  all.add({2, rank::deployment, "b", confidence::likely});
  all.add({3, rank::deployment, "c", confidence::certain});
  all.add({4, rank::source, "d", confidence::certain});
  EXPECT_EQ(all.winner()->value, 2);
}

TEST(Decide, DeploymentBeatsALiteralAndSaysSo) {
  const auto found = detected({{"package.json", R"({"scripts": {"start": "node s.js"}, "dependencies": {"express": "4"}})"},
                               {"s.js", "require('express')().listen(3001)\n"},
                               {"Dockerfile", "FROM node:20\nEXPOSE 9000\n"}});
  EXPECT_THAT(only(found).runtime.ports, ElementsAre(9000));
  EXPECT_THAT(explain(found), HasSubstr("port = 9000   [guess] EXPOSE in Dockerfile\n      not 3001 (s.js)\n      not 3000 (Express's usual port)"));
}

TEST(Decide, ThePortOfTheCommandWins) {
  const auto found = detected({{"requirements.txt", "gunicorn\nflask\n"}, {"app.py", "from flask import Flask\napp = Flask(__name__)\n"},
                               {"Procfile", "web: gunicorn app:app -b :7777\n"}, {"Dockerfile", "FROM python:3.11\nEXPOSE 80\n"}});
  EXPECT_THAT(only(found).runtime.ports, ElementsAre(7777));
  EXPECT_THAT(only(found).runtime.packages, testing::Contains("python-3.11"));
}

TEST(Decide, ProgramsThatTheCommandCallsAreInTheImage) {
  const auto found = detected({{"package.json", R"({"scripts": {"start": "bun run a.ts"}})"}, {"package-lock.json", "{}"}, {"a.ts", "x"}});
  EXPECT_THAT(only(found).runtime.packages, testing::Contains("bun"));
  EXPECT_THAT(only(found).runtime.command, ElementsAre("bun", "run", "a.ts"));
}

TEST(Decide, OurProgramIsMeantWhateverItsPath) {
  const auto found = detected({{"go.mod", "module example.org/api\n"}, {"main.go", "package main\nfunc main() {}\n"}, {"Procfile", "web: bin/api serve\n"}});
  EXPECT_THAT(only(found).runtime.command, ElementsAre("/usr/local/bin/api", "serve"));
}

TEST(Decide, AWorkerOfADatabasePortHasNone) {
  const auto found = detected({{"go.mod", "module example.org/w\n"}, {"main.go", "package main\n// serve\nvar port = \"5432\"\n// port = \"9999\"\nfunc main() {}\n"}});
  EXPECT_TRUE(only(found).runtime.ports.empty());
}

TEST(CopyPlan, LauncherOfATreeAndConfiguration) {
  const auto found = detected({{"build.gradle", "plugins { id 'application' }\n"}, {"settings.gradle", "rootProject.name = 'a'\n"}, {"config.yml", "x: 1\n"},
                               {"Procfile", "web: ./build/install/a/bin/a server config.yml\n"}});
  std::vector<std::string> to;
  for (const auto& c : only(found).runtime.copy) to.push_back(c.from + " " + c.to);
  EXPECT_THAT(to, testing::UnorderedElementsAre("build/install/a/ /app/build/install/a/", "config.yml /app/config.yml"));
}

TEST(CopyPlan, OnlyWhatIsThereAndInside) {
  const auto found = detected({{"go.mod", "module example.org/w\n"}, {"views/a.html", ""}, {"etc", ""},
                               {"main.go", "package main\nfunc main() { os.ReadFile(\"../etc\"); os.ReadFile(\"/etc/passwd\"); template.ParseGlob(\"./views/*.html\"); os.Open(\"none\") }\n"}});
  const std::string json = services_json(found);
  EXPECT_THAT(json, HasSubstr("/app/views/"));
  EXPECT_THAT(json, Not(HasSubstr("passwd")));
  EXPECT_EQ(only(found).runtime.copy.size(), 2U) << json;
}

TEST(Claims, TheNextClaimantIsAskedAndTheFirstIsNamed) {
  const auto found = detected({{"pyproject.toml", "[build-system]\nrequires = [\"x\"]\n[project]\nname = \"b\"\n"},
                               {"CMakeLists.txt", "project(s)\nadd_executable(s a.cpp)\n"}, {"a.cpp", "int main(){}"}});
  EXPECT_EQ(only(found).metadata.build_system, "CMake");
  EXPECT_THAT(explain(found), HasSubstr("pyproject.toml: pip: "));
}

TEST(Embed, TheFrontEndIsBuiltBeforeWhatServesIt) {
  const auto found = detected({{"api/go.mod", "module example.org/api\n"}, {"api/main.go", "package main\nfunc main() { http.ListenAndServe(\":8081\", nil) }\n"},
                               {"web/package.json", R"({"name": "web", "scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}})"},
                               {"web/index.html", "<html>"}, {"web/vite.config.ts", "export default { build: { outDir: '../api/static' } }\n"}});
  EXPECT_EQ(only(found).metadata.project_name, "api");
  EXPECT_THAT(only(found).build.commands.front(), HasSubstr("cd web && npm"));
}

TEST(Nothing, WhatWasSeenIsNamed) {
  const auto found = detected({{"rebar.config", ""}, {"deploy/Dockerfile", "FROM a"}, {"web/Project.toml", ""}});
  EXPECT_TRUE(found.services.empty());
  EXPECT_THAT(explain(found), HasSubstr("rebar.config: Erlang is not supported"));
  EXPECT_THAT(explain(found), HasSubstr("web/Project.toml: Julia is not supported"));
}

}  // namespace
}  // namespace peelbox::detect
