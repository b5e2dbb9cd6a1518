#include "engine/client/left_out.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "engine/client/error_text.hpp"

namespace peelbox::client {
namespace {

using paths = std::vector<std::string>;

TEST(LeftOut, PathsOfComplaints) {
  EXPECT_EQ(paths_missed({"cc1: fatal error: src/main.c: No such file or directory"}, "/build"),
            (paths{"cc1", "fatal", "src/main.c"}));
  EXPECT_EQ(paths_missed({"Error: ENOENT: no such file or directory, open '/build/package.json'"}, "/build"),
            (paths{"ENOENT", "package.json"}));
  EXPECT_EQ(paths_missed({"make: *** No rule to make target './a.c', needed by 'out'.  Stop."}, "/build"),
            (paths{"***", "a.c", "by", "out", "Stop"}));
  EXPECT_EQ(paths_missed({"make: *** No rule to make target 'lib/a.o', needed by 'out'.  Stop."}, "/build"),
            (paths{"***", "lib/a.o", "lib/a.c", "lib/a.cc", "lib/a.cpp", "lib/a.cxx", "lib/a.C", "lib/a.S", "by", "out", "Stop"}))
      << "what make would look for";
  EXPECT_EQ(paths_missed({"failed to calculate checksum of ref x::y: \"/dist\": not found"}, "/build").back(), "dist");
  EXPECT_EQ(paths_missed({"open ../../etc/passwd: no such file", "x/../../y not found"}, "/build"), paths{}) << "outside";
  EXPECT_EQ(paths_missed({"compiling src/main.c", "warning: unused"}, "/build"), paths{}) << "no complaint";
  EXPECT_EQ(paths_missed({}, "/build"), paths{});
}

TEST(LeftOut, HostileTextStaysBounded) {
  std::string many = "not found";
  for (int i = 0; i < 5000; ++i) many += " f" + std::to_string(i);
  EXPECT_EQ(paths_missed({many}, "/build").size(), 32u);
  EXPECT_EQ(paths_missed({"cannot find 1.o 2.o 3.o 4.o 5.o 6.o"}, "/build").size(), 32u);
  EXPECT_EQ(paths_missed({"not found " + std::string(100'000, 'x')}, "/build"), paths{});
}

TEST(LeftOut, NamesTheRule) {
  char name[] = "/tmp/peelbox-left-out-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const std::filesystem::path root(name);
  std::filesystem::create_directory(root / "src");
  std::ofstream(root / "src/main.c") << "x";
  std::ofstream(root / "seen.c") << "x";
  std::ofstream(root / ".dockerignore") << "# comment\nsrc/*.c\n";
  filesync::context_source context;
  context.root = root;
  context.dockerignore = ".dockerignore";
  const auto found = find_left_out(context, {"nothere", "seen.c", "src/main.c"});
  std::filesystem::remove_all(root);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, "src/main.c");
  EXPECT_EQ(found->rule, ".dockerignore line 2: src/*.c");
  error_text_options options;
  options.left_out = found;
  const std::string text = error_text(failure(errc::remote, "exit code: 1"), progress::trace(), options);
  EXPECT_NE(text.find("cause:     src/main.c is in the context directory, but an ignore rule keeps it from the build: "
                      ".dockerignore line 2: src/*.c"), std::string::npos) << text;
}

}  // namespace
}  // namespace peelbox::client
