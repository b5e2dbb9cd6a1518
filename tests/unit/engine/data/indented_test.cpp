#include "engine/data/indented.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace peelbox::data {
namespace {

TEST(Indented, NamesAreSortedAndLevelsIndented) {
  EXPECT_EQ(indented(boost::json::parse(R"({"b":[1,{"c":null}],"a":"x\"y","empty":{},"none":[]})")),
            "{\n  \"a\": \"x\\\"y\",\n  \"b\": [\n    1,\n    {\n      \"c\": null\n    }\n  ],\n  \"empty\": {},\n  \"none\": []\n}");
  EXPECT_EQ(indented(boost::json::parse("7")), "7");
}

}  // namespace
}  // namespace peelbox::data
