#include "engine/kubernetes/api_path.hpp"

#include <gtest/gtest.h>

namespace peelbox::kubernetes {
namespace {

TEST(ApiPath, CoreAndGroups) {
  EXPECT_EQ((object_path{pods(), "b", "", ""}).target({{"labelSelector", "a=b,c in (d)"}}),
            "/api/v1/namespaces/b/pods?labelSelector=a%3Db%2Cc%20in%20%28d%29");
  EXPECT_EQ((object_path{stateful_sets(), "b", "x", "scale"}).target(), "/apis/apps/v1/namespaces/b/statefulsets/x/scale");
  EXPECT_EQ((object_path{pods(), "b", "p", "exec"}).target({{"command", "a"}, {"command", "b&c"}}),
            "/api/v1/namespaces/b/pods/p/exec?command=a&command=b%26c");
  EXPECT_EQ((object_path{pods(), "../x", "", ""}).target(), "/api/v1/namespaces/..%2Fx/pods");
}

TEST(ApiPath, Text) {
  EXPECT_EQ((object_path{stateful_sets(), "b", "x", "scale"}).text(), "statefulsets/scale.apps x in namespace b");
}

}  // namespace
}  // namespace peelbox::kubernetes
