#include "engine/llb/dump.hpp"

#include <gtest/gtest.h>

#include "proto/ops.pb.h"

namespace peelbox::llb {
namespace {

std::string marshalled(const std::vector<pb::Op>& ops) {
  pb::Definition definition;
  for (const pb::Op& op : ops) definition.add_def(op.SerializeAsString());
  return definition.SerializeAsString();
}

pb::Op source_op(const std::string& identifier) {
  pb::Op op;
  op.mutable_source()->set_identifier(identifier);
  return op;
}

/// The text between the digest and what comes before it.
std::string first_op(const std::string& bytes) {
  const auto text = dump_json(bytes, "x");
  EXPECT_TRUE(text.has_value());
  return text->substr(0, text->find(R"(,"Digest")"));
}

TEST(DumpJson, ASource) {
  pb::Op op = source_op("docker-image://a<b>&c");
  (*op.mutable_source()->mutable_attrs())["z"] = "1";
  (*op.mutable_source()->mutable_attrs())["a"] = "2";
  op.mutable_platform()->set_architecture("amd64");
  op.mutable_platform()->set_os("linux");
  op.mutable_constraints();
  EXPECT_EQ(first_op(marshalled({op})),
            R"({"Op":{"Op":{"source":{"identifier":"docker-image://a\u003cb\u003e\u0026c","attrs":{"a":"2","z":"1"}}},)"
            R"("platform":{"Architecture":"amd64","OS":"linux"},"constraints":{}})");
}

TEST(DumpJson, AProgramAndItsMounts) {
  pb::Op op;
  op.add_inputs()->set_digest("sha256:1");
  auto& exec = *op.mutable_exec();
  for (const char* word : {"sh", "-c", "true"}) exec.mutable_meta()->add_args(word);
  exec.mutable_meta()->set_cwd("/");
  exec.mutable_meta()->mutable_proxy_env();
  pb::Mount& root = *exec.add_mounts();
  root.set_dest("/");
  pb::Mount& secret = *exec.add_mounts();
  secret.set_input(-1);
  secret.set_dest("/s");
  secret.set_mounttype(1);
  secret.mutable_secretopt()->set_id("s");
  secret.mutable_secretopt()->set_optional(true);
  exec.set_network(1);
  EXPECT_EQ(first_op(marshalled({op})),
            R"({"Op":{"inputs":[{"digest":"sha256:1"}],"Op":{"exec":{"meta":{"args":["sh","-c","true"],"cwd":"/","proxy_env":{}},)"
            R"("mounts":[{"dest":"/"},{"input":-1,"dest":"/s","mountType":1,"secretOpt":{"ID":"s","optional":true}}],"network":1}}})");
}

TEST(DumpJson, FileActions) {
  pb::Op op;
  auto& action = *op.mutable_file()->add_actions();
  action.set_secondaryinput(-1);
  action.mutable_mkfile()->set_path("/f");
  action.mutable_mkfile()->set_data("hi");
  action.mutable_mkfile()->mutable_owner()->mutable_user()->mutable_byname()->set_name("u");
  action.mutable_mkfile()->mutable_owner()->mutable_group()->set_byid(7);
  op.mutable_file()->add_actions()->mutable_symlink()->set_oldpath("a");
  EXPECT_EQ(first_op(marshalled({op})),
            R"({"Op":{"Op":{"file":{"actions":[{"input":0,"secondaryInput":-1,"output":0,"Action":{"mkfile":{"path":"/f","data":"aGk=",)"
            R"("owner":{"user":{"User":{"byName":{"name":"u"}}},"group":{"User":{"byId":7}}}}}},)"
            R"({"input":0,"secondaryInput":0,"output":0,"Action":{}}]}}})");
}

TEST(DumpJson, TheLastOperationIsEmptyAndMetadataFollowDigests) {
  pb::Op last;
  last.add_inputs()->set_digest("sha256:1");
  pb::Definition definition;
  definition.ParseFromString(marshalled({last}));
  const std::string plain = dump_json(definition.SerializeAsString(), "x").value();
  const std::string digest = plain.substr(plain.find("sha256:", plain.find("Digest")), 71);
  auto& about = (*definition.mutable_metadata())[digest];
  about.set_ignore_cache(true);
  (*about.mutable_description())["llb.customname"] = "name";
  (*about.mutable_caps())["source.image"] = true;
  EXPECT_EQ(dump_json(definition.SerializeAsString(), "x").value(),
            R"({"Op":{"inputs":[{"digest":"sha256:1"}],"Op":{}},"Digest":")" + digest +
                R"(","OpMetadata":{"ignore_cache":true,"description":{"llb.customname":"name"},"caps":{"source.image":true}}})" "\n");
}

TEST(DumpDot, NodesAndEdges) {
  const pb::Op base = source_op("docker-image://x");
  pb::Definition one;
  one.ParseFromString(marshalled({base}));
  const std::string json = dump_json(one.SerializeAsString(), "x").value();
  const std::string digest = json.substr(json.find("sha256:"), 71);
  pb::Op run;
  run.add_inputs()->set_digest(digest);
  run.mutable_exec()->mutable_meta()->add_args("say \"hi\"");
  run.mutable_exec()->add_mounts()->set_dest("/in");
  const std::string text = dump_dot(marshalled({base, run}), "x").value();
  EXPECT_TRUE(text.starts_with("digraph {\n  \"" + digest + "\" [label=\"docker-image://x\" shape=\"ellipse\"];\n")) << text;
  EXPECT_NE(text.find(R"([label="say \"hi\"" shape="box"];)"), text.npos) << text;
  EXPECT_NE(text.find("  \"" + digest + "\" -> \"sha256:"), text.npos) << text;
  EXPECT_TRUE(text.ends_with("[label=\"/in\"];\n}\n")) << text;
}

TEST(Dump, WhatIsNoDefinitionIsSaid) {
  EXPECT_EQ(dump_json("\x0a\x02\xff\xff", "def.llb").error().text, "def.llb: this is no LLB definition");
  EXPECT_EQ(dump_dot("no", "def.llb").error().code, errc::usage);
  EXPECT_EQ(dump_json("", "x").value(), "");
}

}  // namespace
}  // namespace peelbox::llb
