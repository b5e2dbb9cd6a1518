#include "cli/output_fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using testing::HasSubstr;
using kind = output_option::kind;

std::string wrong(kind type, std::string_view key, const std::string& value = "") {
  const result<void> checked = check_field(type, key, value);
  return checked.has_error() ? checked.error().text : "";
}

TEST(OutputFields, WhatAnExporterKnowsIsTaken) {
  for (const char* key : {"compression", "rewrite-timestamp", "annotation.a", "annotation-index[linux/amd64].a",
                          "containerimage.config", "source-date-epoch", "name"})
    for (const kind type : {kind::oci, kind::docker}) EXPECT_EQ(wrong(type, key), "") << key;
  for (const kind type : {kind::local, kind::tar}) EXPECT_EQ(wrong(type, "platform-split", "true"), "");
  EXPECT_EQ(wrong(kind::local, "mode", "copy"), "");
  EXPECT_EQ(wrong(kind::oci, "tar", "true"), "");
}

TEST(OutputFields, WhatHasNoEffectIsRefused) {
  for (const char* key : {"push", "push-by-digest", "unpack", "store", "registry.insecure"})
    EXPECT_THAT(wrong(kind::oci, key, "true"), HasSubstr("it is for type=image")) << key;
  EXPECT_EQ(wrong(kind::oci, "compresion", "zstd"), "BuildKit's exporter oci has no field compresion; did you mean compression?");
  EXPECT_THAT(wrong(kind::local, "compression"), HasSubstr("no effect with type=local; it is for type=oci"));
  EXPECT_THAT(wrong(kind::tar, "name"), HasSubstr("no effect with type=tar"));
  EXPECT_THAT(wrong(kind::oci, "platform-split"), HasSubstr("it is for type=local"));
  EXPECT_THAT(wrong(kind::cacheonly, "compression"), HasSubstr("exports nothing"));
  EXPECT_THAT(wrong(kind::tar, "mode", "copy"), HasSubstr("no field mode"));
  EXPECT_EQ(wrong(kind::oci, "tar", "false"), "");
  EXPECT_THAT(wrong(kind::image, "tar", "false"), HasSubstr("no effect with type=image"));
}

TEST(OutputFields, AnEpochIsWholeSeconds) {
  EXPECT_TRUE(check_epoch("SOURCE_DATE_EPOCH", "0").has_value());
  EXPECT_TRUE(check_epoch("SOURCE_DATE_EPOCH", "1700000000").has_value());
  for (const char* value : {"abc", "", "1.5", "12 ", "-1", "99999999999999999999", "2024-01-01"})
    EXPECT_THAT(check_epoch("SOURCE_DATE_EPOCH", value).error().text, HasSubstr("whole seconds since 1970")) << value;
  EXPECT_THAT(wrong(kind::tar, "source-date-epoch", "abc"), HasSubstr("source-date-epoch=abc"));
  EXPECT_EQ(wrong(kind::tar, "source-date-epoch", ""), "");
}

}  // namespace
}  // namespace peelbox::cli
