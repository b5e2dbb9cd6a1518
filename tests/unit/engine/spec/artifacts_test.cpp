#include "engine/spec/artifacts.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace peelbox::spec {
namespace {

namespace fs = std::filesystem;

TEST(artifacts, target_is_a_directory_or_a_name) {
  const auto one = [](std::string from, std::string to) {
    const artifact a = plan_artifacts({{std::move(from), std::move(to)}}, "/app")[0];
    return a.from + " " + a.directory + " " + (a.name.empty() ? "-" : a.name);
  };
  EXPECT_EQ(one("x", "/usr/local/bin/y"), "/build/x /usr/local/bin y");
  EXPECT_EQ(one("./x/", "/y"), "/build/x/ / y");
  EXPECT_EQ(one(".", "/app"), "/build/ /app -");
  EXPECT_EQ(one("/usr/lib/z", "/srv/data/"), "/usr/lib/z /srv/data -");
  EXPECT_EQ(one("x", "/usr/local/bin"), "/build/x /usr/local/bin -");
  EXPECT_EQ(one("x", "/app"), "/build/x /app -");
  EXPECT_EQ(one("x", "/"), "/build/x / -");
  EXPECT_EQ(one("/", "/x"), "/ / x");
}

TEST(artifacts, other_entries_make_a_directory) {
  const auto a =
      plan_artifacts({{"a", "/data"}, {"b", "/data/sub/b"}, {"c", "/other"}, {"d", "/other/"}}, "");
  EXPECT_EQ(a[0].name, "");
  EXPECT_EQ(a[0].directory, "/data");
  EXPECT_EQ(a[1].name, "b");
  EXPECT_EQ(a[2].name, "");
  EXPECT_EQ(a[3].name, "");
}

/// Runs the script with /bin/sh against real files: its two absolute paths are replaced by folders of the
/// test.
class layout : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "peelbox-layout-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    fs::create_directories(root_ / "build");
    std::string script(layout_script);
    replace(script, "/.peelbox/out", (root_ / "out").string());
    replace(script, "/build/?", (root_ / "build/?").string());
    replace(script, "#/build/", "#" + (root_ / "build/").string());
    std::ofstream(root_ / "script") << script;
  }
  void TearDown() override { fs::remove_all(root_); }

  static void replace(std::string& text, const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
      text.replace(at, what.size(), with);
  }

  void write(const fs::path& path, const std::string& text = "x") {
    fs::create_directories((root_ / "build" / path).parent_path());
    std::ofstream(root_ / "build" / path) << text;
  }

  /// Exit status, then what was printed.
  std::pair<int, std::string> run(const std::string& command, const std::vector<copy_entry>& entries) {
    std::string line = "cd " + (root_ / "build").string() + " && exec sh ../script \"$PEELBOX_TEST_COMMAND\"";
    for (const artifact& a : plan_artifacts(entries, "/app")) {
      std::string from = a.from;
      if (from.starts_with("/build")) from = (root_ / "build").string() + from.substr(6);
      line += " '" + from + "' '" + a.name + "'";
    }
    line += " 2>&1";
    setenv("PEELBOX_TEST_COMMAND", command.c_str(), 1);
    FILE* pipe = popen(line.c_str(), "r");
    std::string text;
    for (int c = 0; (c = fgetc(pipe)) != EOF;) text.push_back(static_cast<char>(c));
    return {WEXITSTATUS(pclose(pipe)), text};
  }

  /// Files below out/, sorted, links with their target.
  std::string tree() {
    std::vector<std::string> lines;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "out")) {
      if (entry.is_directory() && !entry.is_symlink() && !fs::is_empty(entry.path())) continue;
      std::string line = fs::relative(entry.path().parent_path(), root_ / "out").string() + "/" +
                         entry.path().filename().string();
      if (entry.is_symlink()) line += " -> " + fs::read_symlink(entry.path()).string();
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
  }

  fs::path root_;
};

TEST_F(layout, files_directories_and_patterns) {
  write("bin/app");
  write("dist/index.html");
  write("dist/.hidden");
  write("libs/a.so");
  write("libs/b.so");
  write("jars/app-1.2.jar");
  const auto [status, text] = run("", {{"bin/app", "/usr/local/bin/renamed"},
                                       {"bin/app", "/opt/tools/"},
                                       {"dist", "/srv/www"},
                                       {"dist/", "/srv/html/"},
                                       {"libs/*.so", "/usr/lib/app"},
                                       {"jars/*.jar", "/app/app.jar"},
                                       {"jars/*.jar", "/app/"}});
  EXPECT_EQ(status, 0) << text;
  EXPECT_EQ(text, "");
  EXPECT_EQ(
      tree(),
      "0/renamed\n1/app\n2/www/.hidden\n2/www/index.html\n3/.hidden\n3/index.html\n4/app/a.so\n4/app/b.so\n"
      "5/app.jar\n6/app-1.2.jar\n");
}

TEST_F(layout, odd_names_and_links) {
  write("with blank/a file");
  write("pages/[id].js");
  write("-dash");
  write("real");
  fs::create_symlink("real", root_ / "build/link");
  fs::create_directories(root_ / "build/tree");
  fs::create_symlink("../real", root_ / "build/tree/inner");
  const auto [status, text] = run("", {{"with blank/*", "/a/"},
                                       {"with blank/a file", "/b"},
                                       {"pages/[id].js", "/c/"},
                                       {"-dash", "/d/"},
                                       {"link", "/e"},
                                       {"tree", "/f"}});
  EXPECT_EQ(status, 0) << text;
  EXPECT_EQ(tree(), "0/a file\n1/b\n2/[id].js\n3/-dash\n4/e\n5/f/inner -> ../real\n");
}

TEST_F(layout, patterns_with_directories) {
  write("out-1/a");
  write("out-2/b");
  const auto [status, text] = run("", {{"out-*", "/x/"}, {"out-*/", "/y/"}, {"out-1*", "/z"}});
  EXPECT_EQ(status, 0) << text;
  EXPECT_EQ(tree(), "0/out-1/a\n0/out-2/b\n1/a\n1/b\n2/z/out-1/a\n");
}

TEST_F(layout, every_missing_entry_is_named) {
  write("there");
  const auto [status, text] =
      run("", {{"target/x", "/x"}, {"there", "/y"}, {"lib/*.so", "/z/"}, {"/no/such", "/w"}});
  EXPECT_EQ(status, 1);
  EXPECT_EQ(text,
            "runtime.copy[0]: nothing matches 'target/x' in /build\n"
            "runtime.copy[2]: nothing matches 'lib/*.so' in /build\n"
            "runtime.copy[3]: nothing matches '/no/such'\n");
}

TEST_F(layout, command_comes_first_and_its_status_counts) {
  const auto [good, silent] = run("echo made > made", {{"made", "/made"}});
  EXPECT_EQ(good, 0) << silent;
  EXPECT_EQ(tree(), "0/made\n");
  const auto [bad, text] = run("echo before; (exit 7); echo after", {{"made", "/made"}});
  EXPECT_EQ(bad, 7);
  EXPECT_EQ(text, "before\n");
}

}  // namespace
}  // namespace peelbox::spec
