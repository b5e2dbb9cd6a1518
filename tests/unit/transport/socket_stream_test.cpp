#include "transport/socket_stream.hpp"

#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>

#include "engine/async/task_group.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/transport/loopback.hpp"

namespace peelbox::transport {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string pattern(std::size_t size, unsigned seed) {
  std::string text(size, '\0');
  unsigned state = seed * 2654435761u + 1;
  for (char& c : text) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

void send_raw(int fd, std::string_view text) {
  ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

/// What the peer of a stream can read now, up to its end.
std::string receive_raw(int fd, int flags = MSG_DONTWAIT) {
  std::string all;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::recv(fd, buffer, sizeof(buffer), flags);
    if (n <= 0) return all;
    all.append(buffer, static_cast<std::size_t>(n));
  }
}

task<result<std::string>> read_all(stream& from) {
  std::string all;
  for (;;) {
    auto some = co_await from.read();
    if (some.has_error()) co_return some.error();
    if (some->empty()) co_return all;
    all += as_text(*some);
  }
}

TEST(SocketStream, ReadsWhatIsThereAndThenAnOrderlyEnd) {
  asio::io_context io;
  test::socket_pair pair(io.get_executor());
  send_raw(pair.peer, "hello");
  auto first = test::run_task(io, pair.ours->read());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(as_text(*first), "hello");
  pair.close_peer();
  auto end = test::run_task(io, pair.ours->read());
  ASSERT_TRUE(end.has_value());
  EXPECT_TRUE(end->empty());
  EXPECT_EQ(pair.ours->describe(), "unix://pair");
}

TEST(SocketStream, HalfCloseEndsOneDirectionOnly) {
  asio::io_context io;
  test::socket_pair pair(io.get_executor());
  ASSERT_TRUE(test::run_task(io, pair.ours->write(byte_chain(byte_slice::of("request")))).has_value());
  ASSERT_TRUE(test::run_task(io, pair.ours->shutdown_write()).has_value());
  EXPECT_EQ(receive_raw(pair.peer, 0), "request");  // blocks until the end that shutdown_write() sent
  send_raw(pair.peer, "answer");
  auto answer = test::run_task(io, pair.ours->read());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(as_text(*answer), "answer");
  auto late = test::run_task(io, pair.ours->write(byte_chain(byte_slice::of("more"))));
  ASSERT_TRUE(late.has_error());
  EXPECT_EQ(late.error().code, errc::connection);
}

TEST(SocketStream, ManySlicesAndFullBuffersArriveInOrderAndPayloadIsNotCopied) {
  asio::io_context io;
  test::socket_pair pair(io.get_executor());
  int small = 8192;
  ::setsockopt(pair.peer, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  std::string expected;
  byte_chain chain;
  // More slices than one system call takes, and far more bytes than the socket buffers hold.
  for (unsigned i = 0; i < 1500; ++i) {
    std::string part = pattern(i % 3 == 0 ? 9 : 600 + i, i);
    expected += part;
    chain.append(byte_slice::of(std::move(part)));
  }
  const auto copied_before = byte_chain::copied_bytes();
  struct flow {
    static task<result<void>> write(stream& to, byte_chain bytes) {
      auto r = co_await to.write(std::move(bytes));
      if (r.has_error()) co_return r;
      co_return co_await to.shutdown_write();
    }
    static task<result<void>> run(stream& to, byte_chain& bytes, stream& from, std::string& got) {
      auto body = [&](task_group& group) -> task<result<void>> {
        group.spawn(write(to, std::move(bytes)));
        auto r = co_await read_all(from);
        if (r.has_error()) co_return r.error();
        got = std::move(*r);
        co_return result<void>();
      };
      co_return co_await task_group::run(body);
    }
  };
  auto reader = make_socket_stream(
      stream_socket(io, asio::generic::stream_protocol(AF_UNIX, 0), ::dup(pair.peer)), "unix://reader");
  std::string got;
  auto r = test::run_task(io, flow::run(*pair.ours, chain, *reader, got));
  ASSERT_TRUE(r.has_value()) << r.error().text;
  EXPECT_EQ(got.size(), expected.size());
  EXPECT_TRUE(got == expected);
  EXPECT_EQ(byte_chain::copied_bytes(), copied_before);
}

TEST(SocketStream, AWriteWaitsWhileThePeerDoesNotRead) {
  asio::io_context io;
  test::socket_pair pair(io.get_executor());
  std::string expected = pattern(4 << 20, 3);
  bool done = false;
  asio::co_spawn(io, pair.ours->write(byte_chain(byte_slice::of(expected))),
                 [&](std::exception_ptr e, result<void> r) { done = !e && r.has_value(); });
  io.poll();
  EXPECT_FALSE(done);
  std::string got;
  for (int i = 0; i < 100'000 && got.size() < expected.size(); ++i) {
    got += receive_raw(pair.peer);
    io.restart();
    io.run_one_for(100ms);
  }
  EXPECT_TRUE(got == expected);
  EXPECT_TRUE(done);
}

TEST(SocketStream, APeerThatVanishesFailsTheWriteWithoutASignal) {
  asio::io_context io;
  test::socket_pair pair(io.get_executor());
  pair.close_peer();
  auto r = test::run_task(io, pair.ours->write(byte_chain(byte_slice::of("x"))));
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::connection);
  EXPECT_EQ(r.error().who, origin::transport);
  EXPECT_THAT(r.error().text, HasSubstr("unix://pair: "));
}

TEST(SocketStream, CloseEndsAPendingReadAndAPendingWrite) {
  asio::io_context io;
  test::socket_pair pair(io.get_executor());
  std::optional<result<byte_view>> read;
  std::optional<result<void>> write;
  asio::co_spawn(io, pair.ours->read(), [&](std::exception_ptr e, result<byte_view> r) {
    if (!e) read = r;
  });
  asio::co_spawn(io, pair.ours->write(byte_chain(byte_slice::of(std::string(8 << 20, 'x')))),
                 [&](std::exception_ptr e, result<void> r) {
                   if (!e) write = r;
                 });
  io.poll();
  EXPECT_FALSE(read.has_value());
  EXPECT_FALSE(write.has_value());
  pair.ours->close();
  io.restart();
  io.run_for(5s);
  ASSERT_TRUE(read.has_value());
  ASSERT_TRUE(write.has_value());
  EXPECT_EQ(read->error().code, errc::cancelled);
  EXPECT_EQ(write->error().code, errc::cancelled);
  EXPECT_EQ(test::run_task(io, pair.ours->read()).error().code, errc::cancelled);
  EXPECT_EQ(test::run_task(io, pair.ours->shutdown_write()).error().code, errc::cancelled);
  EXPECT_EQ(receive_raw(pair.peer, 0).find_first_not_of('x'), std::string::npos);  // the peer sees the end
}

TEST(SocketStream, CancellingAReadOrWriteUnwindsTheCaller) {
  for (const bool reading : {true, false}) {
    asio::io_context io;
    test::socket_pair pair(io.get_executor());
    asio::cancellation_signal stop;
    bool aborted = false;
    const auto note = [&](std::exception_ptr e) {
      try {
        if (e) std::rethrow_exception(e);
      } catch (const boost::system::system_error& error) {
        aborted = error.code() == asio::error::operation_aborted;
      }
    };
    if (reading)
      asio::co_spawn(io, pair.ours->read(), asio::bind_cancellation_slot(stop.slot(), [&](auto e, auto) { note(e); }));
    else
      asio::co_spawn(io, pair.ours->write(byte_chain(byte_slice::of(std::string(8 << 20, 'x')))),
                     asio::bind_cancellation_slot(stop.slot(), [&](auto e, auto) { note(e); }));
    io.poll();
    stop.emit(asio::cancellation_type::terminal);
    io.restart();
    io.run_for(5s);
    EXPECT_TRUE(aborted) << (reading ? "read" : "write");
  }
}

TEST(SocketStream, ATcpResetIsABrokenConnection) {
  asio::io_context io;
  asio::ip::tcp::acceptor listener(io, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket client(io);
  client.connect(listener.local_endpoint());
  asio::ip::tcp::socket peer = listener.accept();
  auto ours = make_socket_stream(stream_socket(std::move(client)), "tcp://reset");
  peer.set_option(asio::socket_base::linger(true, 0));
  peer.close();
  auto r = test::run_task(io, ours->read());
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::connection);
  EXPECT_THAT(r.error().text, HasSubstr("tcp://reset: Connection reset by peer"));
}

}  // namespace
}  // namespace peelbox::transport
