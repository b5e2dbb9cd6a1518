// The specs in examples/ load without a warning and make a plan.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/spec/load.hpp"
#include "engine/spec/plan.hpp"
#include "engine/spec/validate.hpp"

namespace peelbox::spec {
namespace {

TEST(examples, are_valid) {
  int seen = 0;
  for (const auto& folder : std::filesystem::directory_iterator(PEELBOX_EXAMPLES)) {
    const auto path = folder.path() / "universalbuild.json";
    if (!std::filesystem::exists(path)) continue;
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    const auto spec = load(text.str(), path.filename().string());
    ASSERT_TRUE(spec) << path << spec.error().text;
    EXPECT_TRUE(spec->warnings.empty()) << path;
    const auto checked = check(*spec);
    ASSERT_TRUE(checked) << path << checked.error().text;
    EXPECT_TRUE(checked->empty()) << path << checked->front();
    for (const universal_build& service : spec->services) {
      const auto plan = make_plan(service, {});
      ASSERT_TRUE(plan) << path << plan.error().text;
      EXPECT_TRUE(plan->warnings.empty()) << path;
      ++seen;
    }
  }
  EXPECT_EQ(seen, 4);
}

}  // namespace
}  // namespace peelbox::spec
