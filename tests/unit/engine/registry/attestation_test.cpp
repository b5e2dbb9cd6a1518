#include "engine/registry/attestation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/async/base64.hpp"

namespace peelbox::registry {
namespace {

using testing::HasSubstr;

constexpr std::string_view plain = "application/vnd.in-toto+json";
constexpr std::string_view envelope = "application/vnd.in-toto.spdx+dsse";

oci::descriptor layer(std::string_view media_type, std::string_view type) {
  oci::descriptor made;
  made.media_type = media_type;
  made.annotations["in-toto.io/predicate-type"] = type;
  return made;
}

TEST(Attestation, KindsAreToldByTypeAndAnnotation) {
  EXPECT_EQ(predicate_kind_of(layer(plain, "https://spdx.dev/Document")), predicate_kind::spdx);
  EXPECT_EQ(predicate_kind_of(layer(envelope, "https://spdx.dev/Document")), predicate_kind::spdx);
  EXPECT_EQ(predicate_kind_of(layer(plain, "https://slsa.dev/provenance/v0.2")), predicate_kind::slsa);
  EXPECT_EQ(predicate_kind_of(layer(plain, "https://slsa.dev/provenance/v1")), predicate_kind::slsa);
  EXPECT_EQ(predicate_kind_of(layer(plain, "https://example.org/scan")), predicate_kind::other);
  EXPECT_EQ(predicate_kind_of(layer("application/json", "https://spdx.dev/Document")), predicate_kind::other);
  EXPECT_EQ(predicate_kind_of({}), predicate_kind::other);
}

TEST(Attestation, EntriesNameTheirImage) {
  oci::descriptor entry;
  EXPECT_EQ(attested_digest(entry), "");
  entry.annotations["vnd.docker.reference.digest"] = "sha256:a";
  EXPECT_EQ(attested_digest(entry), "sha256:a");
  entry.annotations["com.docker.reference.digest"] = "sha256:b";
  EXPECT_EQ(attested_digest(entry), "sha256:b");
}

TEST(Attestation, PredicatesAreRead) {
  const std::string statement = R"({"_type":"https://in-toto.io/Statement/v0.1","predicate":{"a":1}})";
  EXPECT_EQ(predicate_of(statement, plain, "s")->at("a"), 1);
  EXPECT_TRUE(predicate_of("{}", plain, "s")->is_null());
  std::string wrapped = R"({"payloadType":"application/vnd.in-toto+json","payload":")";
  append_base64(statement, wrapped);
  wrapped += R"(","signatures":[]})";
  EXPECT_EQ(predicate_of(wrapped, envelope, "s")->at("a"), 1);
  EXPECT_THAT(predicate_of("[]", plain, "the layer").error().text, HasSubstr("the layer: it is no in-toto statement"));
  EXPECT_THAT(predicate_of("{", plain, "the layer").error().text, HasSubstr("the layer: not valid JSON"));
  EXPECT_THAT(predicate_of("{}", envelope, "the layer").error().text, HasSubstr("no payload in base64"));
  EXPECT_THAT(predicate_of(R"({"payload":"%"})", envelope, "the layer").error().text, HasSubstr("no payload in base64"));
  EXPECT_EQ(predicate_of(std::string(100, '['), plain, "s").error().code, errc::protocol);
}

}  // namespace
}  // namespace peelbox::registry
