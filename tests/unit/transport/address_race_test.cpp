#include "transport/address_race.hpp"

#include <gmock/gmock.h>

#include "tests/support/run_task.hpp"
#include "transport/tcp_stream.hpp"

namespace peelbox::transport {
namespace {

using boost::asio::ip::tcp;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

tcp::endpoint tcp_at(const char* address, std::uint16_t port = 1) { return {asio::ip::make_address(address), port}; }

TEST(AddressRace, FamiliesComeInTurnAndTheFirstStaysFirst) {
  EXPECT_THAT(in_turn({tcp_at("::1"), tcp_at("::2"), tcp_at("::3"), tcp_at("10.0.0.1"), tcp_at("10.0.0.2")}),
              ElementsAre(tcp_at("::1"), tcp_at("10.0.0.1"), tcp_at("::2"), tcp_at("10.0.0.2"), tcp_at("::3")));
  EXPECT_THAT(in_turn({tcp_at("10.0.0.1"), tcp_at("::1"), tcp_at("10.0.0.2")}), ElementsAre(tcp_at("10.0.0.1"), tcp_at("::1"), tcp_at("10.0.0.2")));
  EXPECT_THAT(in_turn({}), ElementsAre());
}

TEST(AddressRace, TheNextBeginsAfterAPauseOrAFailure) {
  address_race race(4);
  const address_race::time_point start{};
  EXPECT_EQ(race.next(start), 0u);
  EXPECT_EQ(race.next(start), std::nullopt);
  EXPECT_EQ(race.next_at(), start + 250ms);
  EXPECT_EQ(race.next(start + 249ms), std::nullopt);
  EXPECT_EQ(race.next(start + 250ms), 1u);
  race.failed();  // the first: the third need not wait
  EXPECT_EQ(race.next(start + 260ms), 2u);
  EXPECT_EQ(race.next(start + 260ms), std::nullopt);
  EXPECT_EQ(race.next_at(), start + 510ms);
  EXPECT_EQ(race.next(start + 600ms), 3u);
  EXPECT_EQ(race.next_at(), std::nullopt);
  EXPECT_FALSE(race.lost());
  for (int i = 0; i < 3; ++i) race.failed();
  EXPECT_TRUE(race.lost());
  EXPECT_EQ(race.next(start + 1s), std::nullopt);
}

/// An address whose listener accepts no more: the kernel drops what comes then.
struct dead_address {
  dead_address(asio::io_context& io, const char* address) : listener(io) {
    listener.open(tcp::v4());
    listener.bind({asio::ip::make_address(address), 0});
    listener.listen(0);
    for (int i = 0; i < 4; ++i) {
      fillers.emplace_back(io);
      fillers.back().async_connect(listener.local_endpoint(), [](auto) {});
    }
  }
  tcp::acceptor listener;
  std::vector<tcp::socket> fillers;
};

TEST(AddressRace, DeadAddressesCostAPauseEach) {
  asio::io_context io;
  dead_address first(io, "127.0.0.2");
  dead_address second(io, "127.0.0.3");
  io.poll();
  tcp::acceptor good(io, tcp_at("127.0.0.1", 0));
  const auto start = std::chrono::steady_clock::now();
  asio::io_context dialling;
  auto connected = test::run_task(dialling, connect_any({first.listener.local_endpoint(), second.listener.local_endpoint(),
                                                         good.local_endpoint()}, "tcp://h:1", 30s));
  ASSERT_TRUE(connected.has_value()) << connected.error().text;
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);  // in turn, it would be a minute
}

TEST(AddressRace, WhenAllFailEachIsNamed) {
  asio::io_context io;
  dead_address dead(io, "127.0.0.2");
  io.poll();
  tcp::socket closed(io, tcp_at("127.0.0.1", 0));  // bound, not listening
  asio::io_context dialling;
  auto connected = test::run_task(dialling, connect_any({dead.listener.local_endpoint(), closed.local_endpoint()},
                                                        "tcp://h:1", 100ms));
  ASSERT_TRUE(connected.has_error());
  EXPECT_EQ(connected.error().code, errc::connection);
  EXPECT_THAT(connected.error().text, HasSubstr("127.0.0.2: no answer within 100 ms; 127.0.0.1: connection refused"));
}

}  // namespace
}  // namespace peelbox::transport
