// What is kept of a repository, and for how long.
#include "engine/detect/repository.hpp"

#include <gtest/gtest.h>

#include "engine/detect/analysis.hpp"
#include "engine/detect/phases.hpp"
#include "tests/support/memory_repository.hpp"

namespace peelbox::detect {
namespace {

std::shared_ptr<memory_tree> tree_of(std::map<std::string, std::string, std::less<>> files) {
  auto tree = std::make_shared<memory_tree>();
  tree->files = std::move(files);
  return tree;
}

TEST(Names, AreFoundAndKeepTheirOrder) {
  names all;
  EXPECT_FALSE(all.contains("a"));
  EXPECT_EQ(all.begin(), all.end());
  const std::vector<std::string_view> expected{"Makefile", "a", "a.c", "b", "\xc3\xa9"};
  for (const std::string_view name : expected) all.add(name);
  all.finish();
  std::vector<std::string_view> seen;
  for (const std::string_view name : all) seen.push_back(name);
  EXPECT_EQ(seen, expected);
  for (const std::string_view name : expected) EXPECT_TRUE(all.contains(name)) << name;
  for (const std::string_view name : {"", "A", "a.", "a.cc", "c", "z\xff", "\xff"}) EXPECT_FALSE(all.contains(name)) << name;
}

TEST(Repository, FindsWhatIsThere) {
  repository files = repository_of(tree_of({{"a/b/c", ""}, {"a/d", ""}, {"e", ""}}));
  // Moved, as a scan hands it out.
  const repository moved = std::move(files);
  EXPECT_EQ(moved.file_count(), 3u);
  EXPECT_TRUE(moved.has_file("a/b/c"));
  EXPECT_TRUE(moved.has_directory("a/b"));
  EXPECT_TRUE(moved.has_directory(""));
  EXPECT_FALSE(moved.has_file("a/b"));
  EXPECT_FALSE(moved.has_directory("e"));
  ASSERT_NE(moved.find("a"), nullptr);
  EXPECT_EQ(moved.find("a")->files.size(), 1u);
  EXPECT_EQ(moved.find("b"), nullptr);
}

TEST(Repository, SourcesAreLetGoAfterTheirService) {
  const auto tree = tree_of({{"manifest", "m"}, {"source", "s"}, {"both", "b"}});
  repository files = repository_of(tree);
  files.begin_service(1);
  const std::string* manifest = files.read("manifest");
  ASSERT_NE(manifest, nullptr);
  ASSERT_NE(files.read_source("source"), nullptr);
  EXPECT_EQ(files.read_source("manifest"), manifest);
  const std::string* both = files.read_source("both");
  EXPECT_EQ(files.read("both"), both);
  files.begin_service(1);
  EXPECT_EQ(files.read("manifest"), manifest);
  // Once read() gave it out, it stays.
  EXPECT_EQ(files.read("both"), both);
  EXPECT_EQ(*both, "b");
  ASSERT_NE(files.read_source("source"), nullptr);
  EXPECT_EQ(tree->opened.at("manifest"), 1);
  EXPECT_EQ(tree->opened.at("both"), 1);
  EXPECT_EQ(tree->opened.at("source"), 2);
}

TEST(Repository, EachServiceHasItsShareOfSources) {
  constexpr std::size_t services = 4096;
  constexpr std::size_t share = max_source_bytes / services;
  const std::string text(share * 2 / 3, 'x');
  repository files = repository_of(tree_of({{"1", text}, {"2", text}, {"3", text}, {"m", "m"}}));
  files.begin_service(services);
  EXPECT_NE(files.read_source("1"), nullptr);
  EXPECT_NE(files.read_source("2"), nullptr);
  EXPECT_EQ(files.read_source("3"), nullptr);
  EXPECT_NE(files.read_source("1"), nullptr);
  EXPECT_NE(files.read("m"), nullptr);
  files.begin_service(services);
  EXPECT_NE(files.read_source("3"), nullptr);
  EXPECT_TRUE(files.notes().empty());
}

TEST(Sources, NearestFirstAndFewerOfEachWhereThereAreManyServices) {
  std::map<std::string, std::string, std::less<>> content;
  for (int i = 100; i < 300; ++i) content["s/deep/a" + std::to_string(i) + ".py"] = content["s/z" + std::to_string(i) + ".py"] = "";
  content["s/other/x.py"] = content["s-t/x.py"] = content["s/tests/x.py"] = content["s/a.txt"] = "";
  repository files = repository_of(tree_of(std::move(content)));
  std::vector<candidate> all(2);
  all[0].dir = "s";
  all[1].dir = "s/other";
  draft out;
  const auto found = analysis(files, all[0], all, distro::wolfi, out).sources({".py"});
  ASSERT_EQ(found.size(), 400u);
  EXPECT_EQ(found.front(), "s/z100.py");
  EXPECT_EQ(found[199], "s/z299.py");
  EXPECT_EQ(found[200], "s/deep/a100.py");
  for (int i = 0; i < 998; ++i) all.emplace_back().dir = "t" + std::to_string(1000 + i);
  const auto fewer = analysis(files, all[0], all, distro::wolfi, out).sources({".py"});
  EXPECT_EQ(fewer, std::vector<std::string>(found.begin(), found.begin() + 100));
}

TEST(Classify, TheMostTellingManifestOfADirectory) {
  const std::string java = "class X {}";
  const std::string web = "<Project Sdk=\"Microsoft.NET.Sdk.Web\"></Project>";
  repository files = repository_of(tree_of({{"1/A.java", java}, {"1/App.java", java}, {"1/Main.java", java},
                                            {"2/A.java", java}, {"2/App.java", java},
                                            {"3/B.java", java}, {"3/A.java", java},
                                            {"4/b.csproj", web}, {"4/a.csproj", web}, {"4/index.html", ""},
                                            {"5/Main.javax", ""}, {"5/main.java.txt", ""}}));
  std::vector<rejected> lost;
  const std::vector<candidate> found = classify(files, lost);
  std::vector<std::string> manifests;
  for (const candidate& c : found) manifests.push_back(c.manifest);
  EXPECT_EQ(manifests, (std::vector<std::string>{"1/Main.java", "2/App.java", "3/A.java", "4/a.csproj"}));
}

}  // namespace
}  // namespace peelbox::detect
