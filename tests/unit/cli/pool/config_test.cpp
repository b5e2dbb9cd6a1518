#include "cli/pool/config.hpp"

#include <gmock/gmock.h>

namespace peelbox::cli::pool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string wrong(std::string_view text) { return parse_config(text, "buildkit.json").error().text; }

TEST(PoolConfig, WhatIsWrittenOnce) {
  const pool_config all = parse_config(R"({"registry": "123.dkr.ecr.eu-central-1.amazonaws.com", "cache_bucket": "my-cache",
    "cache_bucket_region": "eu-central-1", "cluster": "prod", "bastion": "prod", "credHelpers": {"x": "y"}})", "f").value();
  EXPECT_EQ(all.registry, "123.dkr.ecr.eu-central-1.amazonaws.com");
  EXPECT_EQ(all.cluster, "prod");
  EXPECT_THAT(all.remarks, IsEmpty());
  pool_args args;
  args.repository = "team/app";
  apply(all, args);
  EXPECT_EQ(args.repository, "123.dkr.ecr.eu-central-1.amazonaws.com/team/app");
  EXPECT_EQ(args.access.context, "prod");
  EXPECT_EQ(args.bucket, "my-cache");
  args.access.context = "other";
  apply(all, args);
  EXPECT_EQ(args.repository, "123.dkr.ecr.eu-central-1.amazonaws.com/team/app") << "it is named in full already";
  EXPECT_EQ(args.access.context, "other") << "a flag was given";
}

TEST(PoolConfig, EveryMistakeHasALineAndAKey) {
  EXPECT_EQ(wrong("{\n \"registry\": 5,\n \"cluster\": \"\",\n \"cache_bucket\": \"No\"\n}"),
            "buildkit.json:2: registry: a string is wanted\n"
            "buildkit.json:3: cluster: it is empty\n"
            "buildkit.json:4: cache_bucket: No: 3 to 63 lower case letters, digits, dots and hyphens\n"
            "buildkit.json:1: cache_bucket and cache_bucket_region belong together");
  EXPECT_EQ(wrong("{}"), "buildkit.json:1: registry is missing\nbuildkit.json:1: cluster is missing");
  EXPECT_THAT(wrong(R"({"registry": "https://r.example", "cluster": "c"})"), HasSubstr("without a scheme"));
  EXPECT_THAT(wrong(R"({"registry": "registry", "cluster": "c"})"), HasSubstr("a host has a dot or a port"));
  EXPECT_THAT(wrong(R"({"registry": "R EG", "cluster": "c"})"), HasSubstr("buildkit.json:1: registry: R EG: "));
  EXPECT_THAT(wrong(R"({"registry": "r.io", "registry": "s.io", "cluster": "c"})"), HasSubstr("registry: it is there twice"));
  EXPECT_THAT(wrong(R"({"registry": "r.io", "cluster": "c", "cache_bucket": "abc", "cache_bucket_region": "EU"})"), HasSubstr("eu-central-1"));
  EXPECT_THAT(wrong("[]"), HasSubstr("buildkit.json:1: an object is wanted"));
  EXPECT_THAT(wrong("{\n\"registry\": }"), HasSubstr("buildkit.json:2:"));
}

TEST(PoolConfig, ABastion) {
  const pool_config made = parse_config(R"({"registry": "r.io", "cluster": "c", "bastion": "me@bastion.example.com:45459",
    "bastion_sign_command": ["vault", "write", "ssh/sign/default"]})", "f").value();
  pool_args args;
  apply(made, args);
  EXPECT_EQ(args.bastion, "me@bastion.example.com:45459");
  EXPECT_THAT(args.bastion_sign, ElementsAre("vault", "write", "ssh/sign/default"));
  EXPECT_FALSE(args.via_bastion) << "it has to be asked for";
  const auto with = [](const std::string& more) { return wrong(R"({"registry": "r.io", "cluster": "c",)" "\n" + more + "}"); };
  for (const char* host : {"-oProxyCommand=x", "host:port", "a b", "host/path", "$(x)", "me:secret@host"})
    EXPECT_EQ(with("\"bastion\": \"" + std::string(host) + "\""), "buildkit.json:2: bastion: " + std::string(host) +
                                                                  ": a name of your ssh configuration or [USER@]HOST[:PORT] is wanted");
  for (const char* list : {"\"sh\"", "[]", "[1]", "[\"\"]", "{}", R"(["a\u0000b"])"})
    EXPECT_THAT(with("\"bastion\": \"b\", \"bastion_sign_command\": " + std::string(list)), HasSubstr("buildkit.json:2: bastion_sign_command: a list of strings")) << list;
  EXPECT_THAT(with("\"bastion_sign_command\": [\"true\"]"), HasSubstr("bastion_sign_command needs bastion"));
}

TEST(PoolConfig, AKeyThatIsNearlyOneOfOursIsNamed) {
  EXPECT_THAT(parse_config(R"({"registry": "r.io", "cluster": "c", "regstry": "x", "mine": 1})", "f").value().remarks,
              ElementsAre("f:1: regstry is not known; did you mean registry?"));
}

}  // namespace
}  // namespace peelbox::cli::pool
