#include "engine/client/error_chain.hpp"

#include <gtest/gtest.h>

#include "engine/client/process_message.hpp"

namespace peelbox::client {
namespace {

std::vector<std::string> shapes(std::string_view message) {
  std::vector<std::string> out;
  for (const error_link& link : error_chain(message)) out.push_back(link.shape);
  return out;
}

using list = std::vector<std::string>;

TEST(ErrorChain, CausesAreDividedOutsideOfQuotations) {
  EXPECT_EQ(shapes("a: b c: d"), (list{"a", "b c", "d"}));
  EXPECT_EQ(shapes("open \"x: y\": not found"), (list{"open \"\"", "not found"}));
  EXPECT_EQ(shapes(R"(process "/bin/sh -c echo \"a: b\" did" did not: exit code: 2)"),
            (list{"process \"\" did not", "exit code", "2"}));
  EXPECT_EQ(shapes("lookup h:1: no"), (list{"lookup h:1", "no"}));
  EXPECT_EQ(shapes(""), list{""});
  EXPECT_EQ(error_chain("exporter \"fancy\" could not").front().quoted,
            std::vector<std::string_view>{"fancy"});
}

TEST(ErrorChain, AQuotationMarkAloneIsACharacter) {
  EXPECT_EQ(shapes("lstat /a\"b: c"), (list{"lstat /a\"b", "c"}));
  EXPECT_EQ(shapes("open \"a: b"), (list{"open \"a", "b"}));
  EXPECT_EQ(shapes("\"\\\""), list{"\"\\\""});
}

TEST(ErrorChain, IsBounded) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "a: ";
  EXPECT_EQ(error_chain(many).size(), 64u);
  EXPECT_EQ(error_chain(std::string(10'000'000, '"')).size(), 1u);
  EXPECT_EQ(without_repeated_codes(std::string(100'000, 'x')).size(), 100'000u);
}

TEST(ErrorChain, CodesAreNamedOnce) {
  EXPECT_EQ(without_repeated_codes("NotFound: NotFound: no x"), "NotFound: no x");
  EXPECT_EQ(without_repeated_codes("a: rpc error: code = NotFound desc = b: NotFound: c"),
            "a: NotFound: b: c");
  EXPECT_EQ(without_repeated_codes("a: rpc error: code = Unknown desc = b"), "a: b");
  EXPECT_EQ(without_repeated_codes("rpc error: x"), "rpc error: x");
  EXPECT_EQ(without_repeated_codes("open \"NotFound: NotFound: x\": y"), "open \"NotFound: NotFound: x\": y");
  EXPECT_EQ(without_repeated_codes("NotFound: Internal: NotFound: x"), "NotFound: Internal: NotFound: x");
}

TEST(ProcessMessage, TheExitCodeIsTheOneBehindTheCommand) {
  EXPECT_EQ(exit_code_in(R"(process "sh -c x" did not complete successfully: exit code: 137)"), 137);
  EXPECT_EQ(
      exit_code_in(R"(x: process "echo exit code: 3" did not complete successfully: exit code: 1: why)"), 1);
  EXPECT_EQ(exit_code_in(R"(process "echo" did not complete successfully: exit code: many)"), std::nullopt);
  EXPECT_EQ(exit_code_in(R"(failed to calculate checksum of ref a::b: "/exit code: 137": not found)"),
            std::nullopt);
  EXPECT_EQ(exit_code_in("lstat /exit code: 137: no such file or directory"), std::nullopt);
}

TEST(ProcessMessage, ACommandThatQuotesTheDaemonEndsWhereTheDaemonEndsIt) {
  const std::string inner = R"(process \"x\" did not complete successfully: exit code: 9)";
  EXPECT_EQ(
      command_in("process \"/bin/sh -c echo " + inner + "\" did not complete successfully: exit code: 1", ""),
      R"(echo process "x" did not complete successfully: exit code: 9)");
}

}  // namespace
}  // namespace peelbox::client
