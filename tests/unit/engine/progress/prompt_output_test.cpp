#include "engine/progress/prompt_output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/support/pseudo_terminal.hpp"

namespace peelbox::progress {
namespace {

std::string read_some(const unique_fd& from, std::size_t most) {
  std::string text(most, '\0');
  const ssize_t n = ::read(from.get(), text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

// Takes a little, then as much as there is room for, then more when the reader has read, then no more; the flags that others
// see stay as they are.
void expect_prompt(unique_fd& reader, unique_fd& writer) {
  const int flags = ::fcntl(writer.get(), F_GETFL);
  prompt_output output(writer.get());
  EXPECT_EQ(output.write("one line\n"), 9u);
  EXPECT_EQ(read_some(reader, 100), "one line\n");
  const std::string much(8 << 20, 'x');
  std::size_t left = 0;
  // A terminal's driver moves text on for a while after it was written.
  for (;;) {
    const auto some = output.write(much);
    ASSERT_TRUE(some);
    ASSERT_LT(*some, much.size());
    if (*some == 0) break;
    left += *some;
  }
  EXPECT_GT(left, 0u);
  while (left > 0) {
    const std::size_t n = read_some(reader, left).size();
    ASSERT_GT(n, 0u);
    left -= n;
  }
  EXPECT_EQ(output.write("again\n"), 6u);
  EXPECT_EQ(read_some(reader, 100), "again\n");
  EXPECT_EQ(::fcntl(writer.get(), F_GETFL), flags);
  reader.reset();
  EXPECT_EQ(output.write("nobody reads this\n"), std::nullopt);
}

TEST(PromptOutput, APipeIsNotWaitedFor) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  unique_fd reader(ends[0]);
  unique_fd writer(ends[1]);
  expect_prompt(reader, writer);
}

TEST(PromptOutput, ASocketIsNotWaitedFor) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  unique_fd reader(ends[0]);
  unique_fd writer(ends[1]);
  expect_prompt(reader, writer);
}

TEST(PromptOutput, ATerminalIsNotWaitedFor) {
  peelbox::test::pseudo_terminal one;
  one.make_raw();
  expect_prompt(one.master, one.slave);
}

TEST(PromptOutput, AStoppedTerminalTakesNothingUntilItGoesOn) {
  peelbox::test::pseudo_terminal one;
  one.make_raw();
  prompt_output output(one.slave.get());
  ASSERT_EQ(::tcflow(one.slave.get(), TCOOFF), 0);  // as Ctrl-S
  EXPECT_EQ(output.write("frame"), 0u);
  ASSERT_EQ(::tcflow(one.slave.get(), TCOON), 0);
  EXPECT_EQ(output.write("frame"), 5u);
  EXPECT_EQ(read_some(one.master, 100), "frame");
}

TEST(PromptOutput, AFileTakesEverything) {
  char name[] = "/tmp/prompt_output.XXXXXX";
  unique_fd file(::mkostemp(name, O_CLOEXEC));
  ASSERT_TRUE(file);
  ASSERT_EQ(::unlink(name), 0);
  prompt_output output(file.get());
  const std::string text(3'000'000, 'x');
  EXPECT_EQ(output.write(text), text.size());
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 3'000'000);
}

TEST(PromptOutput, WhatIsFullOrNotForWritingIsSaidToTakeNoMore) {
  unique_fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  EXPECT_EQ(prompt_output(full.get()).write("x"), std::nullopt);
  unique_fd readable(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(readable);
  EXPECT_EQ(prompt_output(readable.get()).write("x"), std::nullopt);
}

TEST(PromptOutput, WhatCannotBeOpenedAnewIsNotTouched) {
  unique_fd counter(::eventfd(0, EFD_CLOEXEC));
  ASSERT_TRUE(counter);
  EXPECT_EQ(prompt_output(counter.get()).write("12345678"), 0u);
  EXPECT_EQ(prompt_output(-1).write("x"), 0u);
  const peelbox::test::pseudo_terminal one;
  EXPECT_EQ(prompt_output(one.master.get()).write("x"), 0u);
}

}  // namespace
}  // namespace peelbox::progress
