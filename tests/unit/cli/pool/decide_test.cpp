#include "cli/pool/decide.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli::pool {
namespace {

using kubernetes::pool_pod;
using kubernetes::pool_set;

pool_pod pod(std::string name, bool usable) {
  pool_pod made;
  made.name = std::move(name);
  made.ip = "10.1.2.3";
  made.usable = usable;
  if (!usable) made.why_not = "it is being deleted";
  return made;
}

TEST(PoolDecide, Addresses) {
  pool_args args;
  EXPECT_EQ(address_of(pod("p", true), args, "builds"), "tcp://10-1-2-3.builds.pod.cluster.local:1234");
  args.omit_protocol = true;
  args.as_ip = true;
  pool_pod six = pod("p", true);
  six.ip = "fd00::1";
  EXPECT_EQ(address_of(six, args, "builds"), "[fd00::1]:1234");
  args.as_pod = true;
  args.access.context = "prod";
  EXPECT_EQ(address_of(six, args, "builds"), "kube-pod://p?namespace=builds&container=buildkitd&context=prod");
}

TEST(PoolDecide, Obstacles) {
  EXPECT_EQ(obstacles({pod("a", false), pod("b", true)}), "a: it is being deleted");
  EXPECT_EQ(obstacles({}), "it has no pods");
}

TEST(PoolDecide, PodsThatRunAndPodsThatHaveFailedBefore) {
  std::vector<pool_pod> pods{pod("a", true), pod("b", false), pod("c", true)};
  pods[0].running = pods[1].running = true;
  EXPECT_EQ(running_pods(pods), (std::vector<std::string>{"a", "b"}));
  prefer_others(pods, "");
  EXPECT_EQ(pods.size(), 3u);
  prefer_others(pods, "c");
  EXPECT_EQ(pods.size(), 2u);
  prefer_others(pods, "a");  // there is no other one
  EXPECT_EQ(pods.size(), 2u);
}

TEST(PoolDecide, ReasonsToStay) {
  pool_args args;
  pool_set set;
  set.replicas = 0;
  EXPECT_EQ(reason_to_stay(set, args, 1000).value(), "has no pods already");
  set.replicas = 2;
  set.last_build = "900";
  EXPECT_EQ(reason_to_stay(set, args, 1000).value(), "");  // without --timeout the time does not count
  args.idle_seconds = 100;
  EXPECT_EQ(reason_to_stay(set, args, 1000).value(), "stays, its last build began 100 s ago");
  EXPECT_EQ(reason_to_stay(set, args, 1001).value(), "");
  set.last_build = "soon";
  EXPECT_EQ(reason_to_stay(set, args, 1000).error().code, errc::usage);
  set.last_build.reset();
  EXPECT_EQ(reason_to_stay(set, args, 1000).value(), "");
}

TEST(PoolDecide, RunningBuilds) {
  const failure silent(errc::timed_out, "silence");
  EXPECT_EQ(running_build({"a", "b"}, {0, 2}).value(), "a build is running in b");
  EXPECT_EQ(running_build({"a", "b"}, {silent, 1}).value(), "a build is running in b");
  EXPECT_EQ(running_build({"a", "b"}, {silent, 0}).error().text, "whether a is building is not known, so it stays: silence");
  EXPECT_EQ(running_build({}, {}).value(), "");
}

TEST(PoolDecide, ExitCodes) {
  EXPECT_EQ(exit_of(failure(errc::permission, "", origin::peer)), pool_not_done);
  EXPECT_EQ(exit_of(failure(errc::not_found, "", origin::peer)), pool_nothing);
  EXPECT_EQ(exit_of(failure(errc::not_found, "", origin::user)), pool_usage);
  EXPECT_EQ(exit_of(failure(errc::connection, "", origin::transport)), pool_unreachable);
}

}  // namespace
}  // namespace peelbox::cli::pool
