#include "engine/progress/fd_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>

#include "tests/support/pseudo_terminal.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::progress {
namespace {

using namespace std::chrono_literals;

// Short texts, which are joined, and ones that are longer than what is joined or kept for another text.
std::string text_number(int i) {
  std::string text = std::to_string(i) + ":";
  text.resize(text.size() + static_cast<std::size_t>(i % 97 == 96 ? 1'500'000 : i % 31 == 30 ? 150'000 : i * 37 % 3000), 'x');
  return text + "\n";
}

constexpr int texts = 200;

task<void> write_all(int fd) {
  fd_writer writer(co_await asio::this_coro::executor, fd);
  std::string bytes;
  for (int i = 0; i < texts; ++i) {
    bytes += text_number(i);
    writer.write(bytes);
    EXPECT_TRUE(bytes.empty());
    if (i % 40 != 39) continue;
    const bool few_left = co_await writer.drained_to(100'000, 15s);
    EXPECT_TRUE(few_left);
  }
  const bool all_gone = co_await writer.drained_to(0, 15s);
  EXPECT_TRUE(all_gone);
  EXPECT_EQ(writer.unwritten(), 0u);
}

std::string expected() {
  std::string all;
  for (int i = 0; i < texts; ++i) all += text_number(i);
  return all;
}

std::string read_all(int fd) {
  std::string text;
  std::string buffer(4000, '\0');
  for (ssize_t n; (n = ::read(fd, buffer.data(), buffer.size())) > 0;) text.append(buffer, 0, static_cast<std::size_t>(n));
  return text;
}

TEST(FdWriter, APipeGetsEveryTextInOrder) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  std::string got;
  std::thread reader([&] { got = read_all(ends[0]); });
  peelbox::test::run_task(write_all(ends[1]));
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  EXPECT_TRUE(got == expected()) << got.size();
}

// The other side of a pseudo terminal cannot be opened anew, so its text is written in small pieces.
TEST(FdWriter, WhatCannotBeOpenedAnewGetsEveryTextInOrder) {
  const peelbox::test::pseudo_terminal one;
  one.make_raw();
  const std::string all = expected();
  std::string got;
  std::thread reader([&] {
    std::string buffer(4000, '\0');
    while (got.size() < all.size()) {
      pollfd readable{one.slave.get(), POLLIN, 0};
      if (::poll(&readable, 1, 15'000) != 1) break;
      const ssize_t n = ::read(one.slave.get(), buffer.data(), buffer.size());
      if (n <= 0) break;
      got.append(buffer, 0, static_cast<std::size_t>(n));
    }
  });
  peelbox::test::run_task(write_all(one.master.get()));
  reader.join();
  EXPECT_TRUE(got == all) << got.size();
}

TEST(FdWriter, AFileGetsEveryTextInOrder) {
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  peelbox::test::run_task(write_all(::fileno(file)));
  ASSERT_EQ(::lseek(::fileno(file), 0, SEEK_SET), 0);
  EXPECT_TRUE(read_all(::fileno(file)) == expected());
  std::fclose(file);
}

// No thread is needed, and a file that takes no more ends the output.
TEST(FdWriter, WhatThereIsRoomForIsWrittenBeforeWriteReturns) {
  asio::io_context io;  // not run
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  {
    fd_writer writer(io.get_executor(), ::fileno(file));
    std::string bytes = "one line\n";
    writer.write(bytes);
    EXPECT_TRUE(bytes.empty());
    EXPECT_EQ(writer.unwritten(), 0u);
    ASSERT_EQ(::lseek(::fileno(file), 0, SEEK_SET), 0);
    EXPECT_EQ(read_all(::fileno(file)), "one line\n");
  }
  std::fclose(file);

  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  {
    fd_writer writer(io.get_executor(), ends[1]);
    std::string bytes = "another\n";
    writer.write(bytes);
    EXPECT_TRUE(bytes.empty());
    EXPECT_EQ(writer.unwritten(), 0u);
  }
  ::close(ends[1]);
  EXPECT_EQ(read_all(ends[0]), "another\n");
  ::close(ends[0]);

  const int readable = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(readable, 0);
  fd_writer writer(io.get_executor(), readable);
  std::string bytes = "one line\n";
  EXPECT_FALSE(writer.gone());
  EXPECT_EQ(writer.error(), 0);
  writer.write(bytes);
  EXPECT_TRUE(bytes.empty());
  EXPECT_TRUE(writer.gone());
  EXPECT_EQ(writer.error(), EBADF);
  EXPECT_EQ(writer.unwritten(), 0u);
  ::close(readable);
}

}  // namespace
}  // namespace peelbox::progress
