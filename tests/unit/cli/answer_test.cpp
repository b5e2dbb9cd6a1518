#include "cli/answer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include "engine/async/unique_fd.hpp"

namespace peelbox::cli {
namespace {

TEST(Answer, ANonBlockingPipeGetsAllOfIt) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const unique_fd from(ends[0]);
  unique_fd to(ends[1]);
  ASSERT_EQ(fcntl(to.get(), F_SETFL, O_NONBLOCK), 0);
  std::string seen;
  std::thread reader([&] {
    char piece[4096];
    for (ssize_t n; (n = read(from.get(), piece, sizeof piece)) > 0;) seen.append(piece, static_cast<std::size_t>(n));
  });
  answer_output answer(to.get());
  EXPECT_TRUE(answer(std::string(300'000, 'x')));
  answer.finish();
  to.reset();
  reader.join();
  EXPECT_EQ(seen.size(), 300'001u);
  EXPECT_EQ(answer.error(), 0);
}

TEST(Answer, TheFirstErrorIsKept) {
  const unique_fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  answer_output answer(full.get());
  EXPECT_FALSE(answer("text"));
  EXPECT_EQ(answer.error(), ENOSPC);
  answer.note(EPIPE);
  answer.finish();
  EXPECT_EQ(answer.error(), ENOSPC);
}

TEST(Answer, WhatSomebodyElseCouldNotWriteCounts) {
  answer_output answer(-1);
  answer.note(0);
  answer.finish();
  EXPECT_EQ(answer.error(), 0) << "nothing was written";
  answer.note(EPIPE);
  EXPECT_EQ(answer.error(), EPIPE);
}

}  // namespace
}  // namespace peelbox::cli
