#include "cli/build_args.hpp"

#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/exit_code.hpp"
#include "cli/split_command.hpp"

namespace peelbox::cli {
namespace {

build_args parse(std::vector<std::string> words) {
  CLI::App app;
  build_args args;
  add_build_flags(app, args);
  std::reverse(words.begin(), words.end());
  app.parse(words);
  return args;
}

TEST(BuildArgs, ReadsFlags) {
  const build_args args = parse({"--spec", "s.json", "-t", "app:1", "-o", "type=oci,dest=x", "--addr", "tcp://h:1",
                                 "--sbom=false", "--provenance", "-q"});
  EXPECT_EQ(args.spec, "s.json");
  EXPECT_EQ(args.tags, std::vector<std::string>{"app:1"});
  EXPECT_EQ(args.outputs, std::vector<std::string>{"type=oci,dest=x"});
  EXPECT_EQ(args.buildkit, "tcp://h:1");
  EXPECT_EQ(args.attest.sbom, "false");
  EXPECT_TRUE(args.attest.provenance.has_value());
  EXPECT_TRUE(args.quiet);
}

TEST(BuildArgs, CommandsAreSplitLikeAShell) {
  EXPECT_EQ(*split_command("a 'b c' \"d \\\" e\" f\\ g"), (std::vector<std::string>{"a", "b c", "d \" e", "f g"}));
  EXPECT_EQ(*split_command("x ''"), (std::vector<std::string>{"x", ""}));
  EXPECT_EQ(*split_command(R"(["/bin/app", "--flag"])"), (std::vector<std::string>{"/bin/app", "--flag"}));
  for (const char* text : {"", "  ", "'open", "[]", "[1]", "[\"a\""})
    EXPECT_EQ(split_command(text).error().code, errc::usage) << text;
}

TEST(ExitCodes, AreTheDocumentedOnes) {
  EXPECT_EQ(to_exit_code(errc::remote), 1);
  EXPECT_EQ(to_exit_code(errc::usage), 2);
  EXPECT_EQ(to_exit_code(errc::connection), 3);
  EXPECT_EQ(to_exit_code(errc::tls), 3);
  EXPECT_EQ(to_exit_code(errc::unsupported), 3);
  EXPECT_EQ(to_exit_code(errc::context), 4);
  EXPECT_EQ(to_exit_code(errc::io), 4);
  EXPECT_EQ(to_exit_code(errc::cancelled), 130);
}

}  // namespace
}  // namespace peelbox::cli
