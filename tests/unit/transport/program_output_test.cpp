#include "transport/program_output.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cerrno>

#include "tests/support/run_task.hpp"

namespace peelbox::transport {
namespace {

using namespace std::chrono_literals;

result<std::string> output(const std::string& script, std::chrono::seconds limit = 20s, std::size_t most = 1 << 20) {
  auto got = test::run_task(program_output({"sh", "-c", script}, "the tool", limit, most));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD) << "a program is left";
  return got;
}

TEST(ProgramOutput, IsAllOfIt) {
  EXPECT_EQ(output("echo words >&2; cat; echo one; echo two").value(), "one\ntwo\n");
  EXPECT_EQ(output("head -c 500000 /dev/zero").value().size(), 500'000u);
  EXPECT_EQ(output("true").value(), "");
}

TEST(ProgramOutput, WhyThereIsNone) {
  const auto failed = output("echo half; echo no such key >&2; exit 2");
  EXPECT_EQ(failed.error().code, errc::connection);
  EXPECT_EQ(failed.error().text, "the tool: sh ended with exit code 2: no such key");
  EXPECT_EQ(output("head -c 3000 /dev/zero", 20s, 2048).error().text, "the tool: it wrote more than 2 KiB");
  for (const char* hanging : {"exec sleep 100", "echo half; exec sleep 100"}) {
    const auto late = output(hanging, 1s);
    EXPECT_EQ(late.error().code, errc::timed_out) << hanging;
    EXPECT_EQ(late.error().text, "the tool: no answer within 1 s") << hanging;
  }
}

}  // namespace
}  // namespace peelbox::transport
