#include "engine/session/bytes_message.hpp"

#include <gtest/gtest.h>

#include "proto/filesync.pb.h"

namespace peelbox::session {
namespace {

TEST(BytesMessage, EncodesAsProtobufDoesWithoutCopyingPayload) {
  for (const std::size_t size : {1u, 127u, 128u, 511u, 16384u, 300000u}) {
    const std::string payload(size, 'p');
    const auto before = byte_chain::copied_bytes();
    const byte_chain encoded = encode_bytes_message(byte_chain(byte_slice::of_static(payload)));
    if (size >= byte_chain::copy_below) {
      EXPECT_LT(byte_chain::copied_bytes() - before, 16u);
    }
    moby::filesync::v1::BytesMessage reference;
    reference.set_data(payload);
    EXPECT_EQ(encoded.str(), reference.SerializeAsString());
  }
}

TEST(BytesMessage, DecodesTheDataFieldInPlace) {
  moby::filesync::v1::BytesMessage reference;
  reference.set_data("hello");
  const byte_slice message = byte_slice::of(reference.SerializeAsString());
  const auto data = decode_bytes_message(message);
  ASSERT_TRUE(data.has_value());
  EXPECT_EQ(data->text(), "hello");
  EXPECT_EQ(data->data(), message.data() + 2);
}

TEST(BytesMessage, SkipsUnknownFieldsAndTakesTheLastData) {
  // field 2 varint 150, field 1 "a", field 3 fixed32, field 4 fixed64, field 1 "bc"
  std::string text("\x10\x96\x01\x0a\x01" "a\x1d\x01\x02\x03\x04\x21\x01\x02\x03\x04\x05\x06\x07\x08\x0a\x02" "bc", 24);
  const auto data = decode_bytes_message(byte_slice::of(text));
  ASSERT_TRUE(data.has_value());
  EXPECT_EQ(data->text(), "bc");
}

TEST(BytesMessage, EmptyMessageHasEmptyData) {
  const auto data = decode_bytes_message(byte_slice());
  ASSERT_TRUE(data.has_value());
  EXPECT_TRUE(data->empty());
}

TEST(BytesMessage, RefusesEveryTruncation) {
  moby::filesync::v1::BytesMessage reference;
  reference.set_data(std::string(200, 'x'));
  const std::string whole = reference.SerializeAsString();
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    const auto data = decode_bytes_message(byte_slice::of(whole.substr(0, cut)));
    ASSERT_TRUE(data.has_error()) << cut;
    EXPECT_EQ(data.error().code, errc::protocol);
  }
  EXPECT_TRUE(decode_bytes_message(byte_slice::of("\x0b")).has_error());  // a group
  EXPECT_TRUE(decode_bytes_message(byte_slice::of(std::string(11, '\xff'))).has_error());
}

}  // namespace
}  // namespace peelbox::session
