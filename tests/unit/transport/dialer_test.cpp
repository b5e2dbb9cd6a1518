#include "transport/dialer.hpp"

#include <gmock/gmock.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/read.hpp>
#include <boost/system/system_error.hpp>
#include <vector>

#include "tests/support/run_task.hpp"
#include "tests/unit/transport/loopback.hpp"
#include "transport/resolve.hpp"
#include "transport/tcp_stream.hpp"

namespace peelbox::transport {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;
using asio::ip::tcp;

task<result<std::string>> dial_and_greet(endpoint where, dial_options options) {
  auto s = co_await dial(std::move(where), std::move(options));
  if (s.has_error()) co_return s.error();
  auto sent = co_await (*s)->write(byte_chain(byte_slice::of("hi")));
  if (sent.has_error()) co_return sent.error();
  co_return (*s)->describe();
}

failure dial_failure(asio::io_context& io, const endpoint& where, dial_options options = {}) {
  auto s = test::run_task(io, dial(where, std::move(options)));
  EXPECT_TRUE(s.has_error());
  return s.has_error() ? s.error() : failure();
}

endpoint at(std::string_view text) { return parse_endpoint(text).value(); }

TEST(Dialer, ReachesALocalSocket) {
  asio::io_context io;
  test::scratch_directory scratch;
  const std::string path = scratch.file("d.sock");
  asio::local::stream_protocol::acceptor listener(io, asio::local::stream_protocol::endpoint(path));
  auto r = test::run_task(io, dial_and_greet(at("unix://" + path), {}));
  ASSERT_TRUE(r.has_value()) << r.error().text;
  EXPECT_EQ(*r, "unix://" + path);
  auto peer = listener.accept();
  char got[2];
  asio::read(peer, asio::buffer(got));
  EXPECT_EQ(std::string_view(got, 2), "hi");
}

TEST(Dialer, ReachesAnAbstractSocket) {
  asio::io_context io;
  const std::string name = "peelbox-dialer-test-" + std::to_string(::getpid());
  asio::local::stream_protocol::acceptor listener(io,
                                                  asio::local::stream_protocol::endpoint(std::string(1, '\0') + name));
  auto r = test::run_task(io, dial_and_greet(at("unix://@" + name), {}));
  EXPECT_TRUE(r.has_value()) << r.error().text;
}

TEST(Dialer, SaysWhyALocalSocketCannotBeReached) {
  asio::io_context io;
  test::scratch_directory scratch;
  const failure missing = dial_failure(io, at("unix://" + scratch.file("none.sock")));
  EXPECT_EQ(missing.code, errc::not_found);
  EXPECT_THAT(missing.text, HasSubstr("none.sock: there is no such socket: is buildkitd running"));

  const std::string stale = scratch.file("stale.sock");
  { asio::local::stream_protocol::acceptor gone(io, asio::local::stream_protocol::endpoint(stale)); }
  const failure refused = dial_failure(io, at("unix://" + stale));
  EXPECT_EQ(refused.code, errc::connection);
  EXPECT_THAT(refused.text, HasSubstr("no buildkitd listens on it"));

  EXPECT_THAT(dial_failure(io, at("unix://" + scratch.file("."))).text, HasSubstr("this is no socket but a directory"));
}

TEST(Dialer, ALocalListenerWithAFullQueueTimesOut) {
  asio::io_context io;
  test::scratch_directory scratch;
  const std::string path = scratch.file("busy.sock");
  asio::local::stream_protocol::acceptor listener(io);
  listener.open();
  listener.bind(path);
  listener.listen(0);
  std::vector<stream_ptr> queued;
  dial_options options;
  options.limits.connect = 100ms;
  std::optional<failure> why;
  for (int i = 0; i < 8 && !why; ++i) {
    auto s = test::run_task(io, dial(at("unix://" + path), options));
    if (s.has_value()) queued.push_back(std::move(*s));
    else why = s.error();
  }
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->code, errc::timed_out);
  EXPECT_THAT(why->text, HasSubstr("accepted no connection within 100 ms"));
}

/// ::1 is the address of an interface.
bool loopback_has_ipv6() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return false;
  bool found = false;
  for (const ifaddrs* one = all; one; one = one->ifa_next)
    if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET6)
      found = found || IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr);
  ::freeifaddrs(all);
  return found;
}

TEST(Dialer, ReachesTcpOverBothFamiliesAndByName) {
  asio::io_context io;
  std::vector<const char*> hosts{"127.0.0.1", "localhost"};
  // Machines without IPv6 on loopback have no second family; that is decided before, by the address of the interface.
  if (loopback_has_ipv6()) hosts.push_back("::1");
  for (const char* host : hosts) {
    const auto address = host == std::string_view("::1") ? asio::ip::address(asio::ip::address_v6::loopback())
                                                         : asio::ip::address(asio::ip::address_v4::loopback());
    tcp::acceptor listener(io, {address, 0});
    auto r = test::run_task(io, dial_and_greet(test::tcp_endpoint(host, listener.local_endpoint().port()), {}));
    EXPECT_TRUE(r.has_value()) << host << ": " << r.error().text;
    auto peer = listener.accept();
    tcp::no_delay no_delay;
    peer.get_option(no_delay);
    char got[2];
    asio::read(peer, asio::buffer(got));
    EXPECT_EQ(std::string_view(got, 2), "hi");
  }
}

/// A port of `address` on which nobody listens while the holder lives.
struct closed_port {
  explicit closed_port(asio::io_context& io) : holder(io, {asio::ip::address_v4::loopback(), 0}) {}
  tcp::socket holder;  // bound, not listening
  std::uint16_t port() const { return holder.local_endpoint().port(); }
};

TEST(Dialer, SaysWhichAddressesRefused) {
  asio::io_context io;
  closed_port closed(io);
  const failure numeric = dial_failure(io, test::tcp_endpoint("127.0.0.1", closed.port()));
  EXPECT_EQ(numeric.code, errc::connection);
  EXPECT_THAT(numeric.text, HasSubstr("connection refused (tried 127.0.0.1)"));
  const failure named = dial_failure(io, test::tcp_endpoint("localhost", closed.port()));
  EXPECT_EQ(named.code, errc::connection);
  EXPECT_THAT(named.text, HasSubstr("tcp://localhost:"));
  EXPECT_THAT(named.text, HasSubstr("127.0.0.1"));
}

TEST(Dialer, AttemptsAreListedWithTheirCauses) {
  EXPECT_EQ(explain_attempts("tcp://localhost:1234", {{"::1", errc::connection, "connection refused"},
                                                      {"127.0.0.1", errc::connection, "connection refused"}})
                .text,
            "tcp://localhost:1234: connection refused (tried ::1 and 127.0.0.1)");
  const failure mixed = explain_attempts("tcp://h:1", {{"::1", errc::connection, "network is unreachable"},
                                                       {"10.0.0.1", errc::timed_out, "no answer within 5000 ms"}});
  EXPECT_EQ(mixed.text,
            "tcp://h:1: no address answered (::1: network is unreachable; 10.0.0.1: no answer within 5000 ms)");
  EXPECT_EQ(mixed.code, errc::connection);
  EXPECT_EQ(explain_attempts("tcp://h:1", {{"10.0.0.1", errc::timed_out, "x"}, {"10.0.0.2", errc::timed_out, "x"}}).code,
            errc::timed_out);
}

TEST(Dialer, AHostThatDoesNotAnswerTimesOut) {
  asio::io_context io;
  tcp::acceptor listener(io);
  listener.open(tcp::v4());
  listener.bind({asio::ip::address_v4::loopback(), 0});
  listener.listen(0);
  const endpoint where = test::tcp_endpoint("127.0.0.1", listener.local_endpoint().port());
  dial_options options;
  options.limits.connect = 150ms;
  // The kernel queues a few connections; after that it drops the SYNs.
  std::vector<stream_ptr> queued;
  std::optional<failure> why;
  for (int i = 0; i < 8 && !why; ++i) {
    auto s = test::run_task(io, dial(where, options));
    if (s.has_value()) queued.push_back(std::move(*s));
    else why = s.error();
  }
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->code, errc::timed_out);
  EXPECT_THAT(why->text, HasSubstr("no answer within 150 ms (tried 127.0.0.1)"));
}

TEST(Dialer, CancellingADialUnwindsAndTheOverallLimitHolds) {
  asio::io_context io;
  tcp::acceptor listener(io);
  listener.open(tcp::v4());
  listener.bind({asio::ip::address_v4::loopback(), 0});
  listener.listen(0);
  const endpoint where = test::tcp_endpoint("127.0.0.1", listener.local_endpoint().port());
  std::vector<tcp::socket> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back(io);
    fillers.back().async_connect(listener.local_endpoint(), [](auto) {});
  }
  io.poll();

  asio::cancellation_signal stop;
  bool aborted = false;
  asio::co_spawn(io, dial(where, {}), asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, auto) {
                   try {
                     if (e) std::rethrow_exception(e);
                   } catch (const boost::system::system_error& error) {
                     aborted = error.code() == asio::error::operation_aborted;
                   }
                   io.stop();
                 }));
  io.restart();
  io.poll();
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(5s);
  EXPECT_TRUE(aborted);

  dial_options options;
  options.limits.overall = 80ms;
  const failure late = dial_failure(io, where, options);
  EXPECT_EQ(late.code, errc::timed_out);
  EXPECT_THAT(late.text, HasSubstr("no connection within 80 ms"));
}

TEST(Dialer, ANameWithoutAddressIsExplained) {
  asio::io_context io;
  // RFC 6761: .invalid never resolves.
  dial_options options;
  options.limits.resolve = 15s;
  const failure f = dial_failure(io, at("tcp://buildkit.invalid:1234"), options);
  EXPECT_THAT(f.text, HasSubstr("tcp://buildkit.invalid:1234: the name buildkit.invalid "));
}

TEST(Dialer, SchemesThatItDoesNotReachItself) {
  asio::io_context io;
  for (const char* text : {"docker://", "docker-container://b", "spawn:"})
    EXPECT_EQ(dial_failure(io, at(text)).code, errc::internal);
  EXPECT_EQ(dial_failure(io, at("npipe://x")).code, errc::unsupported);
  EXPECT_EQ(dial_failure(io, at("podman-container://-it")).code, errc::usage);
}

TEST(Dialer, TlsNeedsATcpAddress) {
  asio::io_context io;
  dial_options options;
  options.tls.server_name = "x";
  const failure f = dial_failure(io, at("unix:///run/x.sock"), options);
  EXPECT_EQ(f.code, errc::usage);
  EXPECT_THAT(f.text, HasSubstr("tcp://"));
}

TEST(Resolve, ALookUpThatIsLeftBehindTouchesNothing) {
  // Cancelled as soon as it has begun; the io_context may be gone before the thread of the look-up has ended.
  for (int i = 0; i < 20; ++i) {
    asio::io_context io;
    asio::cancellation_signal stop;
    asio::co_spawn(io, resolve("localhost", 1, 5s),
                   asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr, auto) {}));
    io.poll_one();
    stop.emit(asio::cancellation_type::terminal);
    io.run_for(5s);
  }
  asio::io_context io;
  auto r = test::run_task(io, resolve("localhost", 1234, 5s));
  ASSERT_TRUE(r.has_value()) << r.error().text;
  EXPECT_EQ(r->front().port(), 1234);
}

}  // namespace
}  // namespace peelbox::transport
