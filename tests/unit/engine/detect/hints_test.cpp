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
