#include "engine/async/bytes.hpp"

#include <gtest/gtest.h>

namespace peelbox {
namespace {

TEST(ByteChain, GathersSmallPiecesIntoOneSlice) {
  byte_chain chain;
  chain.append_copy("head");
  chain.append(byte_slice::of("er"));
  EXPECT_EQ(chain.slices().size(), 1u);
  EXPECT_EQ(chain.str(), "header");
}

TEST(ByteChain, ReferencesPayloadWithoutCopy) {
  const std::string payload(100'000, 'x');
  const auto before = byte_chain::copied_bytes();
  byte_chain chain(byte_slice::of_static(payload));
  byte_chain target;
  target.append_copy("h");
  chain.move_front(70'000, target);
  EXPECT_EQ(byte_chain::copied_bytes() - before, 1u);
  EXPECT_EQ(target.slices().back().data(), reinterpret_cast<const std::byte*>(payload.data()));
  EXPECT_EQ(chain.size(), 30'000u);
}

TEST(ByteChain, ConsumeAndMoveFrontKeepTheBytesInOrder) {
  std::string all;
  byte_chain chain;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(static_cast<std::size_t>(i * 13 % 1500), static_cast<char>('a' + i % 26));
    all += piece;
    if (i % 2) chain.append(byte_slice::of(piece));
    else chain.append_copy(piece);
  }
  EXPECT_EQ(chain.str(), all);
  std::string seen;
  std::size_t step = 1;
  while (!chain.empty()) {
    byte_chain part;
    chain.move_front(step, part);
    seen += part.str();
    step = step * 3 % 4001 + 1;
  }
  EXPECT_EQ(seen, all);
}

TEST(ByteChain, AppendAfterConsumeDoesNotTouchEarlierSlices) {
  byte_chain chain;
  chain.append_copy("abcdef");
  byte_chain front;
  chain.move_front(3, front);
  chain.append_copy("ghi");
  EXPECT_EQ(front.str(), "abc");
  EXPECT_EQ(chain.str(), "defghi");
  chain.consume(6);
  EXPECT_TRUE(chain.empty());
  chain.append_copy("z");
  EXPECT_EQ(chain.str(), "z");
}

TEST(ByteChain, ASmallSliceAloneIsNotCopied) {
  const auto before = byte_chain::copied_bytes();
  byte_chain chain(byte_slice::of_static("small"));
  EXPECT_EQ(byte_chain::copied_bytes(), before);
  chain.append(byte_slice::of_static(" and more"));
  EXPECT_EQ(chain.str(), "small and more");
}

TEST(ByteChain, LongQueuesStayInOrderWhileTheyAreDrained) {
  byte_chain chain, drained;
  std::string in, out;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 5; ++i) {
      const std::string piece(600 + static_cast<std::size_t>(round * 5 + i), static_cast<char>('a' + (round + i) % 26));
      in += piece;
      chain.append(byte_slice::of(piece));
    }
    byte_chain part;
    chain.move_front(3000, part);
    out += part.str();
    EXPECT_EQ(chain.size() + out.size(), in.size());
  }
  out += chain.str();
  EXPECT_EQ(out, in);
}

}  // namespace
}  // namespace peelbox
