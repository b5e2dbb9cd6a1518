#include "cli/build_modes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>

#include "cli/command_tree.hpp"

namespace peelbox::cli {
namespace {

using testing::HasSubstr;

struct parsed_build {
  CLI::App app{"", "build"};
  build_args args;

  explicit parsed_build(std::vector<std::string> words) {
    add_build_flags(app, args);
    std::reverse(words.begin(), words.end());
    app.parse(words);
  }
};

std::string complaint_about_flags(const std::vector<std::string>& words) {
  const result<void> checked = check_flags(parsed_build(words).args);
  return checked.has_error() ? checked.error().text : "";
}

std::vector<std::string> names_of(const command_info& command) {
  std::vector<std::string> names;
  for (const option_info& option : command.options) {
    const std::string& name = option.longs.front();
    if (name != "help" && name != "help-all") names.push_back("--" + name);
  }
  for (const option_info& argument : command.positionals) names.push_back(argument.positional);
  return names;
}

/// The option as somebody would write it.
std::vector<std::string> written(const command_info& command, const std::string& name) {
  const option_info* option = command.option(name);
  if (!option) return {"."};
  if (option->is_flag()) return {name};
  const std::string value = option->default_value.empty() || option->default_value == "." ? "x" : option->default_value;
  return {name + "=" + (option->closed ? option->values.front() : value)};
}

constexpr build_mode all_modes[] = {build_mode::spec, build_mode::llb, build_mode::dockerfile, build_mode::frontend, build_mode::dump};

std::vector<std::string> words_of(build_mode mode) {
  switch (mode) {
    case build_mode::spec: return {"--spec=x"};
    case build_mode::llb: return {"--llb=x"};
    case build_mode::dockerfile: return {};
    case build_mode::frontend: return {"--frontend=x"};
    case build_mode::dump: return {"--spec=x", "--dump-llb=x"};
  }
  return {};
}

TEST(BuildModes, EveryFlagHasARowAndEveryRowIsAFlag) {
  parsed_build build({});
  const std::vector<std::string> flags = names_of(describe(build.app));
  std::vector<std::string> rows;
  for (const flag_use& use : flag_uses()) {
    rows.emplace_back(use.name);
    EXPECT_TRUE(use.spec || use.llb || use.dockerfile || use.frontend || use.dump) << use.name;
  }
  EXPECT_THAT(rows, testing::UnorderedElementsAreArray(flags));
}

TEST(BuildModes, EveryFlagIsTakenWhereItHasAnEffectAndRefusedElsewhere) {
  parsed_build build({});
  const command_info command = describe(build.app);
  for (const flag_use& use : flag_uses()) {
    for (const build_mode mode : all_modes) {
      std::vector<std::string> words = words_of(mode);
      const std::string name(use.name);
      const auto same = [&](const std::string& word) { return word.starts_with(name + "="); };
      const bool asks_for_the_mode = std::any_of(words.begin(), words.end(), same);
      if (!asks_for_the_mode)
        for (const std::string& word : written(command, name)) words.push_back(word);
      if (mode_of(parsed_build(words).args) != mode) continue;  // the flag itself asks for another one
      const bool counts = mode == build_mode::spec ? use.spec : mode == build_mode::llb ? use.llb : mode == build_mode::dump ? use.dump
                          : mode == build_mode::dockerfile ? use.dockerfile : use.frontend;
      const std::string text = complaint_about_flags(words);
      if (counts) EXPECT_EQ(text, "") << testing::PrintToString(words);
      else EXPECT_THAT(text, HasSubstr(name)) << testing::PrintToString(words);
    }
  }
}

TEST(BuildModes, AllThatMeansNothingIsNamedAtOnce) {
  EXPECT_THAT(complaint_about_flags({"--llb", "x", "-t", "a", "--platform", "linux/amd64", "--service", "a", "--entrypoint", "b",
                                     "--build-image", "c", "--context", "."}),
              HasSubstr("--context, --service, --platform, --entrypoint, --build-image have no effect with --llb"));
  EXPECT_THAT(complaint_about_flags({"--spec", "x", "-t", "a", "--local", "context=."}), HasSubstr("--local has no effect with --spec; it is for --llb FILE"));
  EXPECT_THAT(complaint_about_flags({"--all", "--service=x"}), HasSubstr("exclude"));
  EXPECT_THAT(complaint_about_flags({"-t", "a", "--all", "--no-gitignore"}), HasSubstr("--all, --no-gitignore have no effect with a Dockerfile; they are for --spec FILE"));
  EXPECT_THAT(complaint_about_flags({"--spec", "x", "--target", "a"}), HasSubstr("--target has no effect with --spec; it is for a Dockerfile"));
  EXPECT_THAT(complaint_about_flags({"--spec", "x", "--dump-llb", "-", "-t", "a", "-o", "type=docker"}),
              HasSubstr("--tag, --output have no effect with --dump-llb"));
}

TEST(BuildModes, OneOfAPairIsEnough) {
  EXPECT_EQ(complaint_about_flags({"--spec", "x", "--llb", "y"}), "--spec and --llb exclude each other");
  EXPECT_EQ(complaint_about_flags({"--spec", "x", "-f", "y"}), "--spec and --file exclude each other");
  EXPECT_EQ(complaint_about_flags({"--no-cache", "--no-cache-filter", "a"}), "--no-cache and --no-cache-filter exclude each other");
  EXPECT_EQ(complaint_about_flags({"--spec", "x", ".", "--context", "."}), "DIR and --context exclude each other");
  EXPECT_EQ(complaint_about_flags({"--spec", "x", "--all", "--service", "a"}), "--all and --service exclude each other");
  EXPECT_EQ(complaint_about_flags({"--spec", "x", "--sbom", "--no-sbom"}), "--sbom and --no-sbom exclude each other");
  EXPECT_EQ(complaint_about_flags({"--spec", "x", "-q", "--progress", "plain"}), "--quiet and --progress plain exclude each other");
  EXPECT_EQ(complaint_about_flags({"--spec", "x", "-q", "--progress", "quiet"}), "");
}

}  // namespace
}  // namespace peelbox::cli
