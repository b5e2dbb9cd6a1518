#include "engine/llb/op.hpp"

#include <gtest/gtest.h>

#include "engine/llb/definition.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::llb {
namespace {

std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  return out;
}

/// From the test data of BuildKit (solver/llbsolver/testdata).
TEST(op, vector_of_buildkit_busybox) {
  pb::Op op;
  op.mutable_source()->set_identifier("docker-image://docker.io/library/busybox:latest");
  const std::string bytes = canonical_bytes(op);
  EXPECT_EQ(bytes, from_hex("1a310a2f") + "docker-image://docker.io/library/busybox:latest");
  EXPECT_EQ(oci::digest_of(bytes), "sha256:74ecb5d790c33a213ba00f8f43d62947df1d4dea72f5ec13353a9b943f469f0f");

  pb::Op terminal;
  terminal.add_inputs()->set_digest(oci::digest_of(bytes));
  EXPECT_EQ(oci::digest_of(canonical_bytes(terminal)),
            "sha256:fdd990931001ae92f1971673ff21204ef6a5ccc8c1a4dd133d8f0f9bff67a3c2");
}

/// Platform and constraints, numbers 10 and 11, stand before the source, number 3.
TEST(op, vector_with_the_oneof_last) {
  const state alpine = image("docker.io/library/alpine:latest", {"linux", "amd64", ""});
  const auto d = marshal(alpine);
  ASSERT_TRUE(d);
  ASSERT_EQ(d->message.def_size(), 2);
  EXPECT_EQ(d->message.def(0), from_hex("520e0a05616d64363412056c696e7578"
                                        "5a00"
                                        "1a300a2e") +
                                   "docker-image://docker.io/library/alpine:latest");
  EXPECT_EQ(oci::digest_of(d->message.def(0)),
            "sha256:a7f9733e307dd352c82d43053b783dd17bb2ec2c36214908ce393e41545c8b51");
  EXPECT_EQ(oci::digest_of(d->message.def(1)),
            "sha256:91d1ea452bdb17a7987049c214be5a0ebfc499b11003e057978043b827bee403");
}

TEST(op, inputs_stand_first_and_attributes_are_sorted) {
  pb::Op op;
  op.mutable_source()->set_identifier("local://x");
  auto& attrs = *op.mutable_source()->mutable_attrs();
  for (const char* key : {"z", "a", "m", "aa", "B"}) attrs[key] = "";
  op.add_inputs()->set_digest("d");
  const std::string bytes = canonical_bytes(op);
  EXPECT_EQ(bytes.substr(0, 5), from_hex("0a030a0164"));
  std::string entries;
  for (const std::string key : {"B", "a", "aa", "m", "z"})
    entries += from_hex("12") + static_cast<char>(key.size() + 4) + from_hex("0a") +
               static_cast<char>(key.size()) + key + from_hex("1200");
  EXPECT_TRUE(bytes.ends_with("local://x" + entries));
}

TEST(op, absolute_path) {
  EXPECT_EQ(absolute_path("a/b", "/build"), "/build/a/b");
  EXPECT_EQ(absolute_path("/a//b/./c/", "/build"), "/a/b/c");
  EXPECT_EQ(absolute_path("../../..", "/build"), "/");
  EXPECT_EQ(absolute_path("", "/build"), "/build");
  EXPECT_EQ(absolute_path(".", "/"), "/");
  EXPECT_EQ(absolute_path("..a", "/"), "/..a");
}

}  // namespace
}  // namespace peelbox::llb
