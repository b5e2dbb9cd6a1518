#include "transport/tls_material.hpp"

#include <gmock/gmock.h>

#include "tests/unit/transport/tls_peer.hpp"

namespace peelbox::transport {
namespace {

using testing::HasSubstr;

TEST(TlsMaterial, Nothing) {
  EXPECT_TRUE(tls_material().empty());
  EXPECT_TRUE(tls_material::file("").empty());
  EXPECT_FALSE(tls_material::file("").is_data());
}

TEST(TlsMaterial, AFileIsReadAtEachCallAndNamed) {
  const test::scratch_directory scratch;
  const tls_material material = tls_material::file(scratch.file("a.pem"));
  EXPECT_FALSE(material.empty());
  EXPECT_FALSE(material.is_data());
  EXPECT_EQ(material.described("--tlskey", "key"), "--tlskey " + scratch.file("a.pem"));
  const auto missing = material.read("--tlskey a.pem");
  ASSERT_TRUE(missing.has_error());
  EXPECT_EQ(missing.error().code, errc::not_found);
  EXPECT_THAT(missing.error().text, HasSubstr("--tlskey a.pem"));
  for (const char* text : {"one", "two"}) {
    test::write_file(scratch.file("a.pem"), text);
    EXPECT_EQ(material.read("a").value()->get(), text);
  }
}

TEST(TlsMaterial, DataIsSharedByCopiesAndNotNamed) {
  tls_material first = tls_material::data("SECRET");
  const tls_material copy = first;
  const auto text = first.read("x").value();
  EXPECT_EQ(copy.read("x").value(), text);
  first = {};
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(copy.read("x").value()->get(), "SECRET");
  EXPECT_EQ(copy.path(), "");
  EXPECT_EQ(copy.described("--tlskey", "key"), "the data given as key");
}

TEST(TlsMaterial, DataHasTheBoundOfAFile) {
  const auto large = tls_material::data(std::string((4 << 20) + 1, 'x')).read("the data given as CA");
  ASSERT_TRUE(large.has_error());
  EXPECT_EQ(large.error().code, errc::limit);
  EXPECT_THAT(large.error().text, HasSubstr("the data given as CA: it is larger than 4 MiB"));
  EXPECT_TRUE(tls_material::data("").read("x").has_value());
  EXPECT_FALSE(tls_material::data("").empty());
}

}  // namespace
}  // namespace peelbox::transport
