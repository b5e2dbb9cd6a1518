#include "engine/detect/dockerfile.hpp"
#include "engine/detect/hints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::detect {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Dockerfile, LastStageCounts) {
  const auto facts = read_dockerfile("FROM a\nEXPOSE 1\nFROM b\n# EXPOSE 2\nENV X=1 \\\n  Y=2\nexpose 80/tcp 81\nEXPOSE 82\n");
  EXPECT_EQ(facts.port, 80);
  EXPECT_THAT(facts.env, ElementsAre(Pair("X", "1"), Pair("Y", "2")));
}

TEST(Dockerfile, VariablesAndUdpAreNoPorts) {
  EXPECT_EQ(read_dockerfile("FROM a\nEXPOSE $PORT\n").port, 0);
  EXPECT_EQ(read_dockerfile("FROM a\nEXPOSE 53/udp\n").port, 0);
  EXPECT_EQ(read_dockerfile("FROM a\nEXPOSE 70000\n").port, 0);
}

TEST(Dockerfile, ArgumentsAndStagesAreFollowed) {
  EXPECT_EQ(read_dockerfile("FROM a\nARG PORT=9100\nEXPOSE ${PORT}\n").port, 9100);
  EXPECT_EQ(read_dockerfile("FROM a\nEXPOSE ${PORT:-81}/tcp\n").port, 81);
  const auto facts = read_dockerfile("ARG HOST='0.0.0.0' PORT=\"82\" NODE=20\nFROM node:${NODE}-alpine AS base\nARG HOST PORT\nENV HOST=\"${HOST}\" PORT=$PORT X=$NONE\nWORKDIR /srv\n"
                                     "FROM golang AS unused\nEXPOSE 1\nFROM base\nCOPY --from=base /srv/views ./views\nEXPOSE $PORT\n");
  EXPECT_THAT(facts.env, ElementsAre(Pair("HOST", "0.0.0.0"), Pair("PORT", "82")));
  EXPECT_EQ(facts.port, 82);
  EXPECT_EQ(facts.workdir, "/srv");
  EXPECT_THAT(facts.images, ElementsAre("node:20-alpine", "golang"));
  EXPECT_THAT(facts.copied, ElementsAre("/srv/views"));
}

TEST(Dockerfile, RunsOfAllStagesAndTheirEnvironment) {
  const auto facts = read_dockerfile("FROM node AS build\nARG WHAT=docker\nENV URL=none\nRUN npm run build-${WHAT} && \\\n  true\nFROM b\nRUN x\n");
  ASSERT_EQ(facts.runs.size(), 2U);
  EXPECT_EQ(facts.runs[0].text, "npm run build-docker &&  true");
  EXPECT_THAT(facts.runs[0].env, ElementsAre(Pair("URL", "none")));
  EXPECT_EQ(facts.runs[1].text, "x");
}

TEST(Dockerfile, WhatIsCopiedIsFollowedThroughTheStages) {
  const auto facts = read_dockerfile("FROM vault/pages:1 AS pages\nFROM node AS ui\nWORKDIR /ui\nCOPY web/ .\nRUN npm run build\nFROM golang AS build\nWORKDIR /src\n"
                                     "COPY --from=ui /ui/dist internal/dist\nCOPY . .\nFROM alpine\nRUN curl x\nWORKDIR srv\nCOPY --from=pages /p ./p\nCOPY --from=1 /ui/dist /static\n"
                                     "COPY --from=build /src/bin/a /bin/\nADD https://example.org/x conf/a.yml /etc/a/\n");
  ASSERT_EQ(facts.copies.size(), 4U);
  EXPECT_EQ(facts.copies[0].image, "vault/pages:1");
  EXPECT_EQ(facts.copies[0].to, "/srv/p");
  EXPECT_THAT(facts.copies[0].origins, testing::IsEmpty());
  EXPECT_EQ(facts.copies[1].image, "");
  ASSERT_EQ(facts.copies[1].origins.size(), 1U);
  EXPECT_EQ(facts.copies[1].origins[0].path, "web");
  EXPECT_EQ(facts.copies[1].origins[0].below, "dist");
  EXPECT_EQ(facts.copies[2].origins.back().below, "bin/a");
  EXPECT_EQ(facts.copies[3].to, "/etc/a/a.yml");
  EXPECT_EQ(facts.copies[3].origins[0].path, "conf/a.yml");
  // The pages that go to where the sources of the program lie.
  ASSERT_FALSE(facts.moves.empty());
  EXPECT_EQ(facts.moves[0].origins[0].path, "web");
  EXPECT_EQ(facts.moves[0].over[0].below, "internal/dist");
  EXPECT_FALSE(facts.wants_history);
  EXPECT_TRUE(read_dockerfile("FROM a AS b\nCOPY ./.git/ ./.git/\nFROM c\nCOPY --from=b /x /x\n").wants_history);
}

TEST(CommandLine, WhatOnlyStartsAnotherIsTakenOff) {
  EXPECT_THAT(without_init({"/sbin/tini", "-g", "--", "node", "x.js"}), ElementsAre("node", "x.js"));
  EXPECT_THAT(without_init({"dumb-init", "/bin/a"}), ElementsAre("/bin/a"));
  EXPECT_THAT(without_init({"node", "tini"}), ElementsAre("node", "tini"));
  EXPECT_THAT(without_init({"tini"}), ElementsAre("tini"));
}

TEST(Dockerfile, TheCheckOfTheHealthTellsThePort) {
  EXPECT_EQ(health_port_of("curl -f http://localhost:8080/health || exit 1"), 8080);
  EXPECT_EQ(health_port_of("curl -f http://localhost/health"), 0);
  EXPECT_EQ(health_port_of("curl http://example.org:80/"), 0);
  EXPECT_EQ(read_dockerfile("FROM a\nHEALTHCHECK CMD wget http://127.0.0.1:${PORT-81}/\n").health_port, 81);
}

TEST(Dockerfile, NamesOfDockerfiles) {
  for (const char* name : {"Dockerfile", "Dockerfile.alpine", "api.Dockerfile", "dist.dockerfile", "Containerfile"}) EXPECT_TRUE(is_dockerfile(name)) << name;
  for (const char* name : {"dockerfile.md", "Dockerfile.dockerignore", "Dockerfile.j2", "my-dockerfile"}) EXPECT_FALSE(is_dockerfile(name)) << name;
}

TEST(Yaml, DocumentsOfOneText) {
  EXPECT_THAT(documents_of_yaml("a: 1\n---\nb: 2\n--- \nc: 3\n"), ElementsAre("a: 1\n", "b: 2\n", "c: 3\n"));
  EXPECT_THAT(documents_of_yaml(""), ElementsAre(""));
}

TEST(Dockerfile, CommandEnvironmentAndHealth) {
  const auto facts = read_dockerfile(
      "FROM a\nWORKDIR /srv\nENV A=\"b c\" D=$x E='f'\nENTRYPOINT [\"node\", \"x.js\"]\nCMD [\"--fast\"]\n"
      "HEALTHCHECK --interval=1s \\\n  CMD curl -f http://127.0.0.1:80/ok?x || exit 1\n");
  EXPECT_THAT(facts.command, ElementsAre("node", "x.js", "--fast"));
  EXPECT_THAT(facts.env, ElementsAre(Pair("A", "b c"), Pair("E", "f")));
  EXPECT_EQ(facts.workdir, "/srv");
  EXPECT_EQ(facts.health, "/ok?x");
  EXPECT_THAT(read_dockerfile("FROM a\nCMD run it\n").command, ElementsAre("run", "it"));
  EXPECT_THAT(read_dockerfile("FROM a\nENTRYPOINT a && b\nCMD [\"c\"]\n").command, ElementsAre("/bin/sh", "-c", "a && b"));
  EXPECT_THAT(read_dockerfile("FROM a\nENV OLD form of it\n").env, ElementsAre(Pair("OLD", "form of it")));
  EXPECT_THAT(read_dockerfile("FROM a\nCMD [broken\nENV\nENV X=\nEXPOSE\n").env, ElementsAre(Pair("X", "")));
}

TEST(Health, PathOfARequestToThisMachine) {
  EXPECT_EQ(health_path_of("curl -f http://localhost:8080/health || exit 1"), "/health");
  EXPECT_EQ(health_path_of("wget -q \"http://localhost:${PORT}/live\""), "/live");
  EXPECT_EQ(health_path_of("curl http://localhost"), "/");
  EXPECT_EQ(health_path_of("curl http://example.org/health"), "");
  EXPECT_EQ(health_path_of("pg_isready"), "");
}

TEST(Command, ThePortThatItIsTold) {
  for (const char* text : {"a --port 81", "a --port=81", "a -p 81", "a -p81", "a --bind 0.0.0.0:81", "a -b :81", "PORT=81 a", "x PORT=81 a",
                           "a --listen \"[::]:81\"", "serve -l tcp://0.0.0.0:81"})
    EXPECT_EQ(port_in_command(text), 81) << text;
  for (const char* text : {"a --port $PORT", "mkdir -p 81 && a", "a --report 81", "SUPPORT=81 a", "a -p x", "a --port 99999", "a -p", "a --port", ""})
    EXPECT_EQ(port_in_command(text), 0) << text;
}

TEST(Procfile, TypesAndCommands) {
  EXPECT_THAT(read_procfile("# c\nweb: run --port $PORT\nworker:  w\nbroken\n: x\n"),
              ElementsAre(Pair("web", "run --port $PORT"), Pair("worker", "w")));
}

TEST(Command, ShellOnlyWhereItIsNeeded) {
  EXPECT_THAT(as_command("node dist/a.js --port=3"), ElementsAre("node", "dist/a.js", "--port=3"));
  EXPECT_THAT(as_command("serve $PORT"), ElementsAre("/bin/sh", "-c", "exec serve $PORT"));
  EXPECT_THAT(as_command("a && b"), ElementsAre("/bin/sh", "-c", "a && b"));
  EXPECT_THAT(as_command("A=1 b"), ElementsAre("/bin/sh", "-c", "A=1 b"));
}

}  // namespace
}  // namespace peelbox::detect
