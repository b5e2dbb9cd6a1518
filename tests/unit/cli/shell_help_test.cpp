// Help, man pages, completions and suggestions of the whole program, as the parser defines it.
#include <gtest/gtest.h>
#include <gmock/gmock.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <sstream>

#include "cli/command_tree.hpp"
#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/elsewhere.hpp"
#include "cli/help_text.hpp"
#include "cli/man_page.hpp"
#include "cli/misuse.hpp"
#include "engine/progress/display.hpp"

namespace peelbox::cli {
namespace {

using testing::HasSubstr;

struct program {
  CLI::App app{"Build images with BuildKit from a UniversalBuild spec", "peelbox"};
  std::vector<command> commands = add_commands(app);
  command_info root = describe(app);
};

std::vector<const command_info*> all_commands(const command_info& root) {
  std::vector<const command_info*> all{&root};
  for (const command_info& one : root.commands)
    if (!one.hidden)
      for (const command_info* below : all_commands(one)) all.push_back(below);
  return all;
}

std::string misuse(const std::vector<std::string>& words) {
  program peelbox;
  const auto wrong = find_misuse(peelbox.root, words);
  return wrong ? wrong->text : "";
}

TEST(Help, FitsOnAScreen) {
  program peelbox;
  for (const command_info* command : all_commands(peelbox.root)) {
    const std::string text = help_text(*command, false);
    EXPECT_LE(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), help_lines) << text;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), help_columns) << command->path << ": " << line;
    EXPECT_THAT(text, HasSubstr("Example")) << command->path;
  }
}

TEST(Help, ColonsInBracketsBelongToTheName) {
  program peelbox;
  for (const command_info* command : all_commands(peelbox.root)) {
    if (command->path != "peelbox image merge") continue;
    EXPECT_THAT(help_text(*command, true), HasSubstr("--tag NAME[:TAG] "));
    EXPECT_THAT(help_text(*command, true), HasSubstr("--annotation [TYPE:]KEY=VALUE"));
  }
}

TEST(Help, AllOptionsAreInHelpAll) {
  program peelbox;
  for (const command_info* command : all_commands(peelbox.root)) {
    const std::string text = help_text(*command, true);
    for (const option_info& option : command->options) {
      const std::string& name = option.longs.front();
      if (name != "help" && name != "help-all") {
        EXPECT_THAT(text, HasSubstr("--" + name)) << command->path;
      }
    }
  }
}

TEST(Help, IsWhatTheParserPrints) {
  program peelbox;
  CLI::App* const build = peelbox.app.get_subcommand("build");
  EXPECT_EQ(build->help(), help_text(*peelbox.root.command("build"), false));
  EXPECT_EQ(build->help("", CLI::AppFormatMode::All), help_text(*peelbox.root.command("build"), true));
}

TEST(CommandTree, OneCommandIsDescribedAlone) {
  program whole;
  for (const command_info& one : whole.root.commands) {
    CLI::App app{"about", "peelbox"};
    const std::vector<command> added = add_commands(app, one.name);
    const command_info root = describe(app);
    const bool tells_of_others = one.name == "completion" || one.name == "man";
    EXPECT_EQ(added.size(), tells_of_others ? whole.commands.size() : 1u) << one.name;
    ASSERT_NE(root.command(one.name), nullptr);
    EXPECT_EQ(help_text(*root.command(one.name), true), help_text(one, true));
  }
  CLI::App app{"about", "peelbox"};
  EXPECT_EQ(add_commands(app, "biuld").size(), whole.commands.size());
}

TEST(CommandTree, KnowsTheOptionsOfBuild) {
  program peelbox;
  const command_info& build = *peelbox.root.command("build");
  const option_info& tag = *build.option("-t");
  EXPECT_EQ(tag.longs, std::vector<std::string>{"tag"});
  EXPECT_TRUE(tag.repeats);
  EXPECT_EQ(build.option("--spec")->completes, option_info::completion::files);
  EXPECT_EQ(build.option("--context")->completes, option_info::completion::directories);
  EXPECT_EQ(build.option("--context")->default_value, ".");
  EXPECT_TRUE(build.option("--all")->is_flag());
  EXPECT_TRUE(build.option("--sbom")->value_optional);
  EXPECT_EQ(build.option("--nothing"), nullptr);
  EXPECT_TRUE(peelbox.root.command("frontend")->hidden);
  EXPECT_EQ(peelbox.root.command("context")->command("ls")->path, "peelbox context ls");
}

TEST(CommandTree, EveryProgressModeIsOne) {
  program peelbox;
  const option_info& progress = *peelbox.root.command("build")->option("--progress");
  EXPECT_TRUE(progress.closed);
  for (const std::string& mode : progress.values) EXPECT_TRUE(progress::parse_mode(mode).has_value()) << mode;
}

TEST(Misuse, NamesTheNearestWord) {
  EXPECT_EQ(misuse({"biuld", "--spec", "x"}), "`peelbox` has no command \"biuld\"; did you mean build?");
  EXPECT_EQ(misuse({"build", "--tga", "x"}), "`peelbox build` has no option --tga; did you mean --tag?");
  EXPECT_EQ(misuse({"build", "--contxt=x"}), "`peelbox build` has no option --contxt; did you mean --context?");
  EXPECT_EQ(misuse({"build", "-spec", "x"}), "`peelbox build` has no option -spec; did you mean --spec?");
  EXPECT_EQ(misuse({"context", "lss"}), "`peelbox context` has no command \"lss\"; did you mean ls?");
  EXPECT_EQ(misuse({"info", "--no-cache"}), "`peelbox info` has no option --no-cache; `peelbox build` has one");
  EXPECT_EQ(misuse({"build", "."}), "");
  EXPECT_EQ(misuse({"build", ".", "b"}), "`peelbox build` takes 1 argument, so \"b\" is too much");
  EXPECT_EQ(misuse({"context", "ls", "."}),
            "`peelbox context ls` takes no argument, so \".\" has no meaning; for the directory with the sources use --context .");
  EXPECT_EQ(misuse({"detect", ".", "b"}), "`peelbox detect` takes 1 argument, so \"b\" is too much");
  EXPECT_EQ(misuse({"pusch"}), "`peelbox` has no command \"pusch\"");
}

TEST(Misuse, TellsWhatDoesWhatOtherToolsDo) {
  EXPECT_THAT(misuse({"build", "--builder", "x", "."}), HasSubstr("`peelbox build` has no option --builder; name the daemon with --buildkit"));
  EXPECT_THAT(misuse({"build", "--attest=type=sbom"}), HasSubstr("use --sbom and --provenance"));
  EXPECT_THAT(misuse({"push"}), HasSubstr("`peelbox` has no command \"push\"; `peelbox build --push`"));
  EXPECT_THAT(misuse({"bake"}), HasSubstr("--all"));
}

TEST(Misuse, NoWordOfOtherToolsIsOneOfOurs) {
  program peelbox;
  for (const foreign_word& one : foreign_options()) {
    EXPECT_EQ(peelbox.root.command("build")->option(one.word), nullptr) << one.word;
    EXPECT_FALSE(one.way.empty() || one.way.ends_with('.')) << one.word;
  }
  for (const foreign_word& one : foreign_commands()) EXPECT_EQ(peelbox.root.command(one.word), nullptr) << one.word;
}

TEST(Misuse, WhoAsksForHelpGetsIt) {
  EXPECT_EQ(misuse({"history", "inspect", "-h"}), "");
  EXPECT_EQ(misuse({"history", "inspect", "--help-all"}), "");
  EXPECT_EQ(misuse({"--version", "nonsense"}), "");
  EXPECT_EQ(misuse({"nonsense", "--help"}), "`peelbox` has no command \"nonsense\"");
  EXPECT_EQ(misuse({"build", "--nonsense", "--help"}), "`peelbox build` has no option --nonsense");
}

TEST(Misuse, SaysWhatIsMissing) {
  EXPECT_EQ(misuse({"build", "--spec"}), "--spec needs a FILE after it");
  EXPECT_EQ(misuse({"build", "--spec", "--tag", "a"}), "--spec needs a FILE after it");
  EXPECT_EQ(misuse({"build", "--spec", "x", "-t"}), "-t needs a REF after it");
  EXPECT_EQ(misuse({"info", "--buildkit"}), "--buildkit needs an ADDR after it");
  EXPECT_EQ(misuse({"build", "--tag=", "--spec", "x"}), "--tag= is empty; it needs a REF");
  EXPECT_EQ(misuse({"build", "--progress"}), "--progress needs auto, plain, tty, rawjson, logs or quiet after it");
  EXPECT_EQ(misuse({"context", "explain"}), "`peelbox context explain` needs a PATH");
  EXPECT_EQ(misuse({"completion"}), "`peelbox completion` needs bash, zsh or fish");
  EXPECT_EQ(misuse({"context", "explain", "--help"}), "");
  EXPECT_EQ(misuse({"contxt", "--help"}), "`peelbox` has no command \"contxt\"; did you mean context?");
  EXPECT_EQ(misuse({"build", "--sbom", "--stats", "--spec", "x"}), "");
}

TEST(Misuse, OnlyOneOfWhatDoesNotRepeat) {
  EXPECT_EQ(misuse({"build", "--log-file", "a", "--spec", "x", "--log-file=b"}), "--log-file is given twice; there can be only one");
  EXPECT_EQ(misuse({"build", "-v", "-v", "-t", "a=x", "-t", "b=y", "--service", "a", "--service", "b"}), "");
}

TEST(Misuse, FlagsTakeNoValue) {
  EXPECT_EQ(misuse({"build", "--quiet=maybe"}), "--quiet takes no value, so \"maybe\" has no meaning");
  EXPECT_EQ(misuse({"build", "--quiet=true", "--stats=json"}), "");
}

TEST(Misuse, LeavesGoodWordsAlone) {
  EXPECT_EQ(misuse({"build", "--spec", "--odd-name", "-qt", "a", "--sbom", "-o", "type=oci", "--", "-x"}).find("no option"),
            std::string::npos);
  EXPECT_EQ(misuse({"build", "-vvq", "--sbom=x", "--tag=a"}), "");
  EXPECT_EQ(misuse({"context", "explain", "a", "b", "c"}), "");
  EXPECT_EQ(misuse({"frontend", "anything", "--at-all"}), "");
}

TEST(Misuse, WrongValuesOfAListNameTheNearest) {
  program peelbox;
  try {
    peelbox.app.parse("build --spec x --progress plian", false);
    FAIL() << "was taken";
  } catch (const CLI::ParseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"plian\" is none of"));
    EXPECT_THAT(error.what(), HasSubstr("did you mean plain?"));
  }
}

TEST(Misuse, NumbersSayTheirRange) {
  for (const char* wrong : {"abc", "9", "86401", "60s", "-1"}) {
    program peelbox;
    try {
      peelbox.app.parse(std::string("build --spec x --silence-limit=") + wrong, false);
      FAIL() << "was taken: " << wrong;
    } catch (const CLI::ParseError& error) {
      EXPECT_THAT(error.what(), HasSubstr("is not a whole number from 10 to 86400")) << wrong;
    }
  }
  program peelbox;
  peelbox.app.parse("build --spec x --silence-limit 86400", false);
}

TEST(Completion, HasEveryCommandAndOption) {
  program peelbox;
  const std::string scripts[] = {bash_completion(peelbox.root), zsh_completion(peelbox.root), fish_completion(peelbox.root)};
  for (const std::string& script : scripts) {
    for (const command_info* command : all_commands(peelbox.root)) {
      // They would spoil the completion of "build" and "image".
      if (command->path.starts_with("peelbox buildctl") || command->path.starts_with("peelbox imagetools")) continue;
      EXPECT_THAT(script, HasSubstr(command->name));
      for (const option_info& option : command->options)
        EXPECT_THAT(script, testing::AnyOf(HasSubstr("--" + option.longs.front()), HasSubstr("-l " + option.longs.front())));
    }
    EXPECT_EQ(script.find("Gone; says what replaces it"), std::string::npos);
  }
}

TEST(ManPage, EscapesWhatRoffWouldTake) {
  program peelbox;
  command_info odd;
  odd.path = odd.name = "odd";
  odd.about = ".starts with a dot, \\ and a-dash";
  odd.footer = "Examples:\n  .dot 'quote'\n\n'A note.";
  const std::string page = man_page(odd, peelbox.root, "1");
  EXPECT_THAT(page, HasSubstr("odd \\- \\&.starts with a dot, \\e and a\\-dash"));
  EXPECT_THAT(page, HasSubstr(".SH EXAMPLES\n.EX\n  .dot 'quote'\n.EE\n"));
  EXPECT_THAT(page, HasSubstr(".SH NOTES\n\\&'A note."));
}

TEST(ManPage, OfTheProgramTellsExitCodesAndEnvironment) {
  program peelbox;
  const std::string page = man_page(peelbox.root, peelbox.root, "1");
  for (const char* part : {".SH EXIT STATUS", "\\fB75\\fR", "BUILDKIT_HOST", "\\fBpeelbox\\-build\\fR(1)"})
    EXPECT_THAT(page, HasSubstr(part));
  EXPECT_EQ(page.find("frontend"), std::string::npos);
}

}  // namespace
}  // namespace peelbox::cli
