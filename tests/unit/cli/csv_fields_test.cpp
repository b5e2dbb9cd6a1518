#include "cli/csv_fields.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

TEST(CsvFields, SplitsAtCommasOutsideQuotes) {
  EXPECT_EQ(*split_csv("a,b=c,"), (std::vector<std::string>{"a", "b=c", ""}));
  EXPECT_EQ(*split_csv("\"dest=a,b\",x"), (std::vector<std::string>{"dest=a,b", "x"}));
  EXPECT_EQ(*split_csv("\"say \"\"hi\"\"\""), (std::vector<std::string>{"say \"hi\""}));
}

TEST(CsvFields, RefusesOpenAndMisplacedQuotes) {
  for (const char* text : {"\"a", "a\"b", "\"a\"b"}) EXPECT_EQ(split_csv(text).error().code, errc::usage) << text;
}

TEST(CsvFields, KeysAreLowerCasedAndUnique) {
  const auto fields = parse_fields("Type=oci,dest=A=B");
  ASSERT_TRUE(fields.has_value());
  EXPECT_EQ(fields->at("type"), "oci");
  EXPECT_EQ(fields->at("dest"), "A=B");
  EXPECT_TRUE(parse_fields("a=1,A=2").has_error());
  EXPECT_TRUE(parse_fields("oci").has_error());
  EXPECT_TRUE(parse_fields("=x").has_error());
  EXPECT_TRUE(parse_fields("").has_error());
}

}  // namespace
}  // namespace peelbox::cli
