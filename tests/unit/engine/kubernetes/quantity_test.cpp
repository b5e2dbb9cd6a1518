#include "engine/kubernetes/quantity.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace peelbox::kubernetes {
namespace {

TEST(Quantity, AllForms) {
  constexpr std::int64_t one = 1'000'000'000;
  struct form {
    const char* text;
    std::int64_t nanos;
  };
  for (const form& f : {form{"250m", one / 4}, form{"123456789n", 123456789}, form{"1500u", 1'500'000}, form{"0.1", one / 10},
                        form{"+.5", one / 2}, form{"5.", 5 * one}, form{"1.5e2", 150 * one}, form{"1e-3", one / 1000}, form{"1E3", 1000 * one},
                        form{"1e+3", 1000 * one}, form{"1k", 1000 * one}, form{"-2Ki", -2048 * one}, form{"0.5n", 1}, form{"-0.5n", -1},
                        form{"1.5Ki", 1536 * one}, form{"0", 0}, form{"0E", 0}, form{"9Ei", std::numeric_limits<std::int64_t>::max()},
                        form{"1E", std::numeric_limits<std::int64_t>::max()}, form{"129M", 129'000'000 * one}, form{"1e-999", 1},
                        form{"1e999", std::numeric_limits<std::int64_t>::max()}})
    EXPECT_EQ(parse_nanos(f.text), f.nanos) << f.text;
}

TEST(Quantity, WhatIsNone) {
  for (const char* text : {"1K", "1mi", "1 Gi", "", "0x10", "1e1.5", "1.2.3", "e3", ".", "-", "1e", "m", "1e1000", "--1",
                           "1234567890123456789012345678"})
    EXPECT_FALSE(parse_nanos(text)) << text;
}

}  // namespace
}  // namespace peelbox::kubernetes
