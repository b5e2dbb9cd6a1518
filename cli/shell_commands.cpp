// `peelbox completion` and `peelbox man`: help for shells, made from the parser's own definitions.
#include <CLI/App.hpp>

#include <memory>

#include "cli/choice.hpp"
#include "cli/command.hpp"
#include "cli/command_tree.hpp"
#include "cli/completion.hpp"
#include "cli/exit_code.hpp"
#include "cli/man_page.hpp"
#include "cli/misuse.hpp"
#include "cli/subcommand.hpp"
#include "cli/version.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli {

namespace {

struct man_args {
  std::vector<std::string> words;
  std::string dir;
};

task<int> print_completion(CLI::App& app, std::shared_ptr<const std::string> shell, const surroundings& with) {
  const command_info root = describe(app);
  std::string script = *shell == "bash" ? bash_completion(root) : *shell == "zsh" ? zsh_completion(root) : fish_completion(root);
  script.pop_back();
  with.answer(script);
  co_return exit_ok;
}

result<void> write_pages(const command_info& command, const command_info& root, const std::string& dir) {
  result<void> done = session::write_file(dir + "/" + man_page_name(command) + ".1", man_page(command, root, version_number()));
  if (done.has_error()) return done;
  for (const command_info& one : command.commands)
    if (!one.hidden)
      if (result<void> below = write_pages(one, root, dir); below.has_error()) return below;
  return {};
}

task<int> print_manual(CLI::App& app, std::shared_ptr<const man_args> args, const surroundings& with) {
  const command_info root = describe(app);
  if (const auto wrong = find_misuse(root, args->words)) {
    with.say("error: " + wrong->text);
    co_return exit_usage;
  }
  if (!args->dir.empty()) {
    result<void> written = write_pages(root, root, args->dir);
    if (written.has_error()) {
      with.say("error: " + written.error().text);
      co_return to_exit_code(written.error().code);
    }
    co_return exit_ok;
  }
  std::string page = man_page(command_of(root, args->words), root, version_number());
  page.pop_back();
  with.answer(page);
  co_return exit_ok;
}

}  // namespace

command add_completion_command(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  command added;
  added.app = add_subcommand(app, "completion", "Print a completion script for bash, zsh or fish");
  added.app->add_option("SHELL", *shell, "The shell")->required()->check(one_of({"bash", "zsh", "fish"}));
  added.app->footer(
      "Examples:\n"
      "  source <(peelbox completion bash)                  # this shell\n"
      "  peelbox completion bash > ~/.local/share/bash-completion/completions/peelbox\n"
      "  peelbox completion zsh > ~/.zfunc/_peelbox         # with ~/.zfunc in fpath\n"
      "  peelbox completion fish > ~/.config/fish/completions/peelbox.fish");
  added.run = [&app, shell](const surroundings& with) { return print_completion(app, shell, with); };
  return added;
}

command add_man_command(CLI::App& app) {
  auto args = std::make_shared<man_args>();
  command added;
  added.app = add_subcommand(app, "man", "Print the manual page of a command");
  added.app->add_option("COMMAND", args->words, "The command, such as build or context ls; none: peelbox itself");
  added.app->add_option("--dir", args->dir, "Write the pages of all commands into this directory")->type_name("DIR");
  added.app->footer(
      "Examples:\n"
      "  peelbox man build | man -l -\n"
      "  peelbox man --dir /usr/local/share/man/man1");
  added.run = [&app, args](const surroundings& with) { return print_manual(app, args, with); };
  return added;
}

}  // namespace peelbox::cli
