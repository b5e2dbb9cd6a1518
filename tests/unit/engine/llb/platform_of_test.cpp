#include "engine/llb/platform_of.hpp"

#include <gtest/gtest.h>

#include "engine/llb/definition.hpp"

namespace peelbox::llb {
namespace {

state step(const state& root, const oci::platform& platform) {
  run_options options;
  options.args = {"true"};
  options.platform = platform;
  return run(root, options, "step").root;
}

std::optional<oci::platform> of(const state& result) {
  const auto made = marshal(result);
  EXPECT_TRUE(made);
  return platform_of(made->message);
}

TEST(platform_of, is_what_all_operations_agree_on) {
  const oci::platform arm{"linux", "arm64", ""}, amd{"linux", "amd64", ""};
  EXPECT_EQ(of(step(image("docker.io/library/a:1", arm), arm)), arm);
  EXPECT_EQ(of(step(image("docker.io/library/a:1", amd), arm)), std::nullopt) << "a cross build may be for either";
  local_options options;
  options.unique = "u";
  EXPECT_EQ(of(local("context", options)), std::nullopt);
}

}  // namespace
}  // namespace peelbox::llb
