#include "cli/registry_access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using testing::HasSubstr;

std::string complaint_about_hosts(std::vector<std::string> texts) {
  const auto parsed = parse_registry_tls(texts);
  return parsed.has_error() ? parsed.error().text : "";
}

// cmd/buildctl/build/registryauthtlscontext_test.go
TEST(RegistryTls, HostsWithTheirFiles) {
  const auto all = parse_registry_tls({"host=a:5000,ca=/ca,cert=/cert,key=/key", "host=b,cert=/c2,key=/k2", "host=c,ca=/ca3", "host=d,insecure=true"});
  ASSERT_TRUE(all.has_value()) << all.error().text;
  ASSERT_EQ(all->size(), 4u);
  const auto& a = all->at("a:5000");
  EXPECT_EQ(a.tls.ca.path(), "/ca");
  EXPECT_EQ(a.tls.certificate.path(), "/cert");
  EXPECT_EQ(a.tls.key.path(), "/key");
  EXPECT_TRUE(a.tls.system_too);
  EXPECT_FALSE(a.insecure);
  EXPECT_TRUE(all->at("b").tls.ca.empty());
  EXPECT_TRUE(all->at("c").tls.certificate.empty());
  EXPECT_TRUE(all->at("d").insecure);
  EXPECT_TRUE(parse_registry_tls({})->empty());
}

TEST(RegistryTls, WhatIsWrongIsSaidWithItsText) {
  EXPECT_EQ(complaint_about_hosts({"host=a,ca=/ca,key=/key"}), "--registry-auth-tlscontext host=a,ca=/ca,key=/key: cert and key belong together");
  EXPECT_THAT(complaint_about_hosts({"host=a,cert=/c"}), HasSubstr("cert and key belong together"));
  EXPECT_THAT(complaint_about_hosts({"ca=/ca"}), HasSubstr("host=HOST is missing"));
  EXPECT_THAT(complaint_about_hosts({"host=,ca=/ca"}), HasSubstr("host=HOST is missing"));
  EXPECT_THAT(complaint_about_hosts({"host=a,insecure=maybe"}), HasSubstr("insecure is true or false"));
  EXPECT_THAT(complaint_about_hosts({"host=a,tls=1"}), HasSubstr("there is no field 'tls'"));
  EXPECT_THAT(complaint_about_hosts({"host=a,insecure=true", "host=a,insecure=false"}), HasSubstr("this host is given twice"));
  EXPECT_THAT(complaint_about_hosts({"host"}), HasSubstr("--registry-auth-tlscontext"));
}

}  // namespace
}  // namespace peelbox::cli
