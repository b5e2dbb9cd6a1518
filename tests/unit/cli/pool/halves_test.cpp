#include "cli/pool/halves.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli::pool {
namespace {

TEST(PoolHalves, TheBuildOfOneArchitecture) {
  pool_args args;
  args.repository = "example.com:5000/team/app";
  args.cache = "example.com/cache/app";
  build_args wanted;
  wanted.tags = {"1.0"};
  wanted.given = {"--tag", "--file"};
  EXPECT_EQ(index_name(wanted, args).value(), "example.com:5000/team/app:1.0");
  const build_args made = build_for(wanted, args, "arm64", "kube-pod://p");
  EXPECT_EQ(made.platform, "linux/arm64");
  EXPECT_EQ(made.buildkit, "kube-pod://p");
  EXPECT_EQ(made.outputs, std::vector<std::string>{"type=image,name=example.com:5000/team/app,push=true,push-by-digest=true"});
  EXPECT_EQ(made.cache_from, std::vector<std::string>{"type=registry,ref=example.com/cache/app-arm64"});
  EXPECT_EQ(made.cache_to, std::vector<std::string>{"type=registry,ref=example.com/cache/app-arm64,mode=max"});
  EXPECT_TRUE(made.tags.empty());
  EXPECT_EQ(made.given, std::vector<std::string>{"--file"});
  args.bucket = "b";
  args.bucket_region = "r";
  EXPECT_EQ(build_for(wanted, args, "arm64", "").cache_from.size(), 1u) << "--cache was said";
  args.cache.clear();
  EXPECT_EQ(build_for(wanted, args, "arm64", "").cache_to,
            std::vector<std::string>{"type=s3,region=r,bucket=b,name=example.com:5000/team/app-arm64,mode=max"});
  args.repository = "example.com/app:1";
  EXPECT_EQ(index_name(wanted, args).error().code, errc::usage);
  args.repository = "example.com/app";
  wanted.tags.clear();
  EXPECT_EQ(index_name(wanted, args).error().code, errc::usage);
}

TEST(PoolHalves, APushThatMetTheOther) {
  const std::string put = "failed to push r/a: failed commit on ref \"m\": unexpected status from PUT request to http://r/v2/a/";
  EXPECT_TRUE(push_met_the_other(put + "manifests/sha256:6b2e: 400 Bad Request"));
  EXPECT_TRUE(push_met_the_other(put + "manifests/sha256:6b2e: 404 Not Found"));
  EXPECT_FALSE(push_met_the_other(put + "manifests/sha256:6b2e: 403 Forbidden"));
  EXPECT_FALSE(push_met_the_other(put + "blobs/uploads/x: 400 Bad Request"));
  EXPECT_FALSE(push_met_the_other("process \"/bin/sh -c curl http://r/manifests/x: 400 Bad Request\" did not complete"));
}

}  // namespace
}  // namespace peelbox::cli::pool
