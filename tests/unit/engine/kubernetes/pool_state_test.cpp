#include "engine/kubernetes/pool_state.hpp"

#include <gmock/gmock.h>

#include "tests/support/json_tree.hpp"

namespace peelbox::kubernetes {
namespace {

using test::json_tree;
using testing::HasSubstr;

TEST(PoolState, ASet) {
  const auto made = read_set(json_tree(R"({"metadata":{"name":"buildkit-amd64","uid":"u","resourceVersion":"7","annotations":{"a/b":"12"}},
    "spec":{"selector":{"matchLabels":{"app":"bk","arch":"amd64"}},"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete"}},"status":{}})"), "a/b");
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->replicas, 1);
  EXPECT_EQ(made->ready, 0);
  EXPECT_EQ(made->selector, "app=bk,arch=amd64");
  EXPECT_EQ(made->last_build, "12");
  EXPECT_TRUE(made->deletes_claims);
  EXPECT_EQ(read_set(json_tree("[]"), "a").error().code, errc::protocol);
}

TEST(PoolState, OnlyPodsOfTheSetThatAreReadyAndStay) {
  pool_set set;
  set.uid = "u";
  auto pods = read_pods(json_tree(R"([
    {"metadata":{"name":"good","ownerReferences":[{"controller":true,"uid":"u"}]},"status":{"phase":"Running","podIP":"10.0.0.1",
      "conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"buildkitd","ready":true}]}},
    {"metadata":{"name":"buildkit-amd64-other","ownerReferences":[{"controller":true,"uid":"x"}]},"status":{}},
    {"metadata":{"name":"going","deletionTimestamp":"2026-01-01T00:00:00Z","ownerReferences":[{"controller":true,"uid":"u"}]},
      "status":{"phase":"Running","podIP":"10.0.0.2","conditions":[{"type":"Ready","status":"True"}]}},
    {"metadata":{"name":"pull","ownerReferences":[{"controller":true,"uid":"u"}]},"status":{"phase":"Pending",
      "containerStatuses":[{"name":"buildkitd","ready":false,"state":{"waiting":{"reason":"InvalidImageName","message":"bad"}}}]}},
    {"metadata":{"name":"nowhere","ownerReferences":[{"controller":true,"uid":"u"}]},"status":{"phase":"Pending",
      "conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes"}]}}])"), set);
  ASSERT_EQ(pods.size(), 4U);
  EXPECT_TRUE(pods[0].usable);
  EXPECT_EQ(pods[1].why_not, "it is being deleted");
  EXPECT_TRUE(pods[1].running);
  EXPECT_EQ(pods[2].why_not, "InvalidImageName: bad");
  EXPECT_EQ(pods[2].held, hold::broken);
  EXPECT_EQ(pods[3].why_not, "Unschedulable: 0/3 nodes");
  EXPECT_EQ(pods[3].held, hold::unschedulable);
  add_metrics(pods, json_tree(R"([{"metadata":{"name":"good"},"containers":[{"name":"proxy","usage":{"cpu":"1"}},{"name":"buildkitd","usage":{"cpu":"250m"}}]},
    {"metadata":{"name":"pull"},"containers":[{"name":"a","usage":{"cpu":"1"}},{"name":"b","usage":{"cpu":"1n"}}]}])"));
  EXPECT_EQ(pods[0].cpu, 250'000'000);
  EXPECT_EQ(pods[2].cpu, 1'000'000'001);
  EXPECT_FALSE(pods[3].cpu);
}

TEST(PoolState, WhatHasEndedTheBuildsOfAPod) {
  pool_set set;
  set.uid = "u";
  const auto one = [&](const char* about, const char* status) {
    const std::string text = std::string(R"([{"metadata":{"name":"p","ownerReferences":[{"controller":true,"uid":"u"}],)") + about + R"(},"status":{)" + status + "}}]";
    return read_pods(json_tree(text), set).front();
  };
  const pool_pod before = one(R"("uid":"1")", R"("phase":"Running","containerStatuses":[{"name":"buildkitd","ready":true,"restartCount":2}])");
  EXPECT_EQ(end_of_builds(before, &before), "");
  EXPECT_EQ(end_of_builds(before, nullptr), "it has gone");
  pool_pod now = one(R"("uid":"2")", R"("phase":"Running")");
  EXPECT_EQ(end_of_builds(before, &now), "it was replaced by a new pod of its name");
  now = one(R"("uid":"1")", R"("phase":"Failed","reason":"Evicted","message":"low on memory")");
  EXPECT_EQ(end_of_builds(before, &now), "Evicted: low on memory");
  now = one(R"("uid":"1")", R"("phase":"Running","containerStatuses":[{"name":"buildkitd","ready":true,"restartCount":3,
    "lastState":{"terminated":{"reason":"OOMKilled","exitCode":137}}}])");
  EXPECT_EQ(end_of_builds(before, &now), "its daemon has ended (OOMKilled, exit code 137)");
  now = one(R"("uid":"1")", R"("phase":"Running","containerStatuses":[{"name":"buildkitd","restartCount":2,"state":{"terminated":{"reason":"Error","exitCode":1}}}])");
  EXPECT_EQ(end_of_builds(before, &now), "its daemon has ended (Error, exit code 1)");
}

TEST(PoolState, WhatHasBecomeOfAPod) {
  const auto noon = std::chrono::system_clock::time_point(std::chrono::seconds(1'767'268'800));  // 2026-01-01T12:00:00Z
  const auto fate = [&](const char* text, const char* container = "") { return fate_of_pod(json_tree(text), container, noon); };
  EXPECT_EQ(fate(R"({"metadata":{},"status":{"phase":"Running","containerStatuses":[{"name":"buildkitd","state":{"running":{}}}]}})"), "");
  EXPECT_EQ(fate(R"({"metadata":{"deletionTimestamp":"x"},"status":{"phase":"Running"}})"), "the pod is being deleted");
  EXPECT_EQ(fate(R"({"status":{"phase":"Failed","reason":"Evicted","message":"low on memory"}})"), "the pod has failed: Evicted: low on memory");
  const char* const killed = R"({"metadata":{"deletionTimestamp":"x"},"status":{"phase":"Running","containerStatuses":[{"name":"sidecar"},
    {"name":"buildkitd","state":{"running":{}},"lastState":{"terminated":{"reason":"OOMKilled","exitCode":137,"finishedAt":"2026-01-01T12:00:05Z"}}}]}})";
  EXPECT_EQ(fate(killed), "the container buildkitd of the pod has ended (OOMKilled, exit code 137)");
  EXPECT_EQ(fate(killed, "sidecar"), "the pod is being deleted");
  // An end of an earlier life.
  EXPECT_EQ(fate(R"({"status":{"phase":"Running","containerStatuses":[{"name":"only","state":{"running":{}},
    "lastState":{"terminated":{"reason":"OOMKilled","exitCode":137,"finishedAt":"2026-01-01T11:00:05Z"}}}]}})"), "");
  EXPECT_EQ(fate(R"({"status":{"phase":"Running","containerStatuses":[{"name":"only","state":{"terminated":{"reason":"Error","exitCode":1}}}]}})"),
            "the container only of the pod has ended (Error, exit code 1)");
}

TEST(PoolState, ClaimsOfASetAndWhatKeepsThem) {
  const pool_set set = read_set(json_tree(R"({"metadata":{"name":"buildkit-amd64","uid":"u"},"spec":{"replicas":1,
    "volumeClaimTemplates":[{"metadata":{"name":"cache"}}]}})"), "a").value();
  const auto claims = read_claims(json_tree(R"([
    {"metadata":{"name":"cache-buildkit-amd64-0","uid":"1","resourceVersion":"9"},"spec":{"resources":{"requests":{"storage":"50Gi"}}}},
    {"metadata":{"name":"cache-buildkit-amd64-1","uid":"2"},"status":{"capacity":{"storage":"100Gi"}}},
    {"metadata":{"name":"cache-buildkit-amd64-2","deletionTimestamp":"2026-01-01T00:00:00Z"}},
    {"metadata":{"name":"cache-buildkit-amd64-3"}},
    {"metadata":{"name":"cache-buildkit-amd64-x"}},{"metadata":{"name":"cache-buildkit-amd64--1"}},{"metadata":{"name":"cache-buildkit-amd64-"}},
    {"metadata":{"name":"cache-buildkit-amd64-old-0"}},{"metadata":{"name":"cache-buildkit-arm64-0"}},{"metadata":{"name":"other-buildkit-amd64-0"}}])"), set);
  ASSERT_EQ(claims.size(), 4u);
  EXPECT_EQ(claims[0].size, "50Gi");
  EXPECT_EQ(claims[0].resource_version, "9");
  EXPECT_EQ(claims[1].size, "100Gi");
  const auto in_use = claims_in_use(json_tree(R"([{"spec":{"volumes":[{"name":"a","emptyDir":{}},{"persistentVolumeClaim":{"claimName":"cache-buildkit-amd64-3"}}]}},
    {"spec":{}}])"));
  EXPECT_EQ(reason_to_keep(claims[0], set, in_use), "buildkit-amd64 has 1 replicas");
  EXPECT_EQ(reason_to_keep(claims[1], set, in_use), "");
  EXPECT_EQ(reason_to_keep(claims[2], set, in_use), "it is being deleted");
  EXPECT_EQ(reason_to_keep(claims[3], set, in_use), "a pod uses it");
}

TEST(PoolState, TheLastBuild) {
  EXPECT_EQ(read_last_build("1700000000", 1700000100).value(), 1700000000);
  EXPECT_EQ(read_last_build("1700000000123", 1700000100).value(), 1700000000);
  for (const char* text : {"", "-1", "x", "1700000000s", "1800000000"}) EXPECT_EQ(read_last_build(text, 1700000000).error().code, errc::usage) << text;
}

}  // namespace
}  // namespace peelbox::kubernetes
