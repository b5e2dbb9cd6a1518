// Each folder of tests/fixtures/detect: what is detected in its repo/ equals its expected.json, byte for byte.
// Where there is an expected-debian.json, that is what --distro debian gives.
// PEELBOX_UPDATE_FIXTURES=1 writes what was detected instead; read the difference before committing it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "engine/detect/write.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/validate.hpp"
#include "tests/unit/engine/detect/detect_directory.hpp"

namespace peelbox::detect {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> fixture_names() {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(PEELBOX_DETECT_FIXTURES))
    if (entry.is_directory()) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Works on a copy: what the fixture's rules ignore is tracked in this project's own repository, and so would be there.
class DetectFixture : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "detect-fixture-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    place_ = name;
    fs::copy(folder() / "repo", place_ / "repo", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  }
  void TearDown() override { fs::remove_all(place_); }

  fs::path folder() const { return fs::path(PEELBOX_DETECT_FIXTURES) / GetParam(); }
  std::string repository() const { return (place_ / "repo").string(); }

 private:
  fs::path place_;
};

TEST_P(DetectFixture, GivesTheExpectedSpec) {
  for (const auto& [target, name] : {std::pair(distro::wolfi, "expected.json"), std::pair(distro::debian, "expected-debian.json")}) {
    if (target == distro::debian && !fs::exists(folder() / name)) continue;
    options how;
    how.target = target;
    const auto found = detect_directory(repository(), how);
    ASSERT_TRUE(found.has_value()) << found.error().text;
    const std::string json = services_json(*found);
    if (std::getenv("PEELBOX_UPDATE_FIXTURES")) std::ofstream(folder() / name, std::ios::binary) << json;
    EXPECT_EQ(json, text_of(folder() / name)) << explain(*found);
  }
}

TEST_P(DetectFixture, GivesWhatBuildAccepts) {
  for (const distro target : {distro::wolfi, distro::debian}) {
    options how;
    how.target = target;
    const auto found = detect_directory(repository(), how);
    ASSERT_TRUE(found.has_value()) << found.error().text;
    if (found->services.empty()) continue;
    const auto loaded = spec::load(services_json(*found), "spec.json");
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
    EXPECT_EQ(loaded->warnings, std::vector<std::string>());
    const auto checked = spec::check(*loaded);
    ASSERT_TRUE(checked.has_value()) << checked.error().text;
    for (const auto& service : loaded->services) {
      EXPECT_FALSE(service.metadata.reasoning.empty());
      EXPECT_FALSE(service.runtime.command.empty());
      EXPECT_FALSE(service.runtime.copy.empty());
    }
  }
}

TEST_P(DetectFixture, DoesNotDependOnThreads) {
  const auto one = detect_directory((folder() / "repo").string(), {}, 1);
  const auto many = detect_directory((folder() / "repo").string(), {}, 8);
  ASSERT_TRUE(one.has_value() && many.has_value());
  EXPECT_EQ(services_json(*one), services_json(*many));
  EXPECT_EQ(explain(*one), explain(*many));
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string out = info.param;
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

INSTANTIATE_TEST_SUITE_P(Repository, DetectFixture, testing::ValuesIn(fixture_names()), test_name);

}  // namespace
}  // namespace peelbox::detect
