#include "engine/client/repeat.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace peelbox::client {
namespace {

using namespace std::chrono_literals;
using ended = result<build_outcome>;

ended whole(errc code, std::string text = "gone") { return failure(code, std::move(text)); }

ended service(errc code, std::string text = "gone") {
  build_outcome outcome;
  outcome.services.emplace_back(service_outcome());
  outcome.services.emplace_back(failure(code, std::move(text)));
  return outcome;
}

TEST(Repetition, OnlyADaemonThatWasLostIsAskedAgain) {
  for (const errc code : {errc::remote, errc::context, errc::io, errc::usage, errc::connection, errc::cancelled, errc::unsupported}) {
    EXPECT_FALSE(repetition(3).next(whole(code), 0)) << to_string(code);
    EXPECT_FALSE(repetition(3).next(service(code), 0)) << to_string(code);
  }
  EXPECT_TRUE(repetition(3).next(whole(errc::lost), 0));
  EXPECT_TRUE(repetition(3).next(service(errc::lost), 0));
  EXPECT_FALSE(repetition(0).next(whole(errc::lost), 0));
  EXPECT_FALSE(repetition(3).next(ended(build_outcome()), 0));
}

TEST(Repetition, ADaemonOnItsWayBackMayBeUnreachable) {
  repetition tries(3);
  ASSERT_TRUE(tries.next(whole(errc::lost), 0));
  EXPECT_TRUE(tries.next(whole(errc::connection), 0));
  EXPECT_TRUE(tries.next(whole(errc::timed_out), 0));
  EXPECT_FALSE(tries.next(whole(errc::connection), 0)) << "that was the last one";
  repetition built(3);
  ASSERT_TRUE(built.next(whole(errc::lost), 0));
  EXPECT_FALSE(built.next(whole(errc::remote), 0)) << "the build failed";
}

TEST(Repetition, WaitsTwiceAsLongEachTimeUpToABound) {
  repetition tries(9);
  std::vector<std::chrono::milliseconds> waits;
  while (const auto wait = tries.next(whole(errc::lost), 0)) waits.push_back(*wait);
  EXPECT_EQ(waits, (std::vector<std::chrono::milliseconds>{1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s, 30s}));
  EXPECT_EQ(repetition(1).next(whole(errc::lost), 1), 500ms);
  EXPECT_EQ(repetition(1).next(whole(errc::lost), 0.5), 750ms);
}

TEST(Repetition, WhatWasNotRecoveredIsLostAndTellsBothEnds) {
  repetition tries(1);
  ASSERT_TRUE(tries.next(whole(errc::lost, "lost (GOAWAY no error: max_age)"), 0));
  ASSERT_FALSE(tries.next(whole(errc::connection, "unix:///x: connection refused"), 0));
  const ended told = tries.settle(whole(errc::connection, "unix:///x: connection refused"));
  ASSERT_TRUE(told.has_error());
  EXPECT_EQ(told.error().code, errc::lost);
  EXPECT_EQ(told.error().text, "lost (GOAWAY no error: max_age); tried again once, the last time: unix:///x: connection refused");

  repetition several(2);
  ASSERT_TRUE(several.next(service(errc::lost, "one"), 0));
  ASSERT_TRUE(several.next(service(errc::lost, "two"), 0));
  ended last = service(errc::lost, "three");
  ASSERT_FALSE(several.next(last, 0));
  last = several.settle(std::move(last));
  ASSERT_TRUE(last.has_value());
  EXPECT_TRUE(last->services[0].has_value());
  EXPECT_EQ(last->services[1].error().text, "one; tried again 2 times, the last time: three");
}

TEST(Repetition, AnotherEndIsToldAsItIs) {
  repetition tries(2);
  ASSERT_TRUE(tries.next(whole(errc::lost), 0));
  EXPECT_EQ(tries.settle(whole(errc::remote, "exit code 1")).error().text, "exit code 1");
  EXPECT_TRUE(tries.settle(ended(build_outcome())).has_value());
  EXPECT_EQ(repetition(2).settle(whole(errc::lost, "gone")).error().text, "gone");
}

TEST(SpoiltOutput, APipeThatHasBytesAndAConsumerOfSomebodyElse) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto made = session::output_file::create("/dev/fd/" + std::to_string(ends[1]));
  ASSERT_TRUE(made.has_value()) << made.error().text;
  std::shared_ptr<session::output_file> file(std::move(*made));
  build_options options;
  options.services.emplace_back().exports.push_back({{"oci", {}}, session::file_target{file}});
  EXPECT_EQ(spoilt_output(options), std::nullopt);
  ASSERT_TRUE(file->write("half").has_value());
  EXPECT_EQ(spoilt_output(options), file->path());
  options.services.front().exports = {{{"local", {}}, session::directory_target{"/tmp"}}, {{"image", {}}, {}}, {{"docker", {}}, docker_store{}}, {{"oci", {}}, session::served_layout{}}};
  EXPECT_EQ(spoilt_output(options), std::nullopt);
  options.services.front().exports.push_back({{"oci", {}}, session::consumer_target{}});
  EXPECT_TRUE(spoilt_output(options));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace peelbox::client
