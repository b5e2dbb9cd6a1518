#include "engine/oci/keyed_digest.hpp"

#include <gtest/gtest.h>

namespace peelbox::oci {
namespace {

TEST(keyed_digest, test_vectors) {
  // RFC 4231, 4.2 and 4.3.
  EXPECT_EQ(keyed_digest(std::string(20, '\x0b'), "Hi There"),
            "sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(keyed_digest("Jefe", "what do ya want for nothing?"),
            "sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace peelbox::oci
