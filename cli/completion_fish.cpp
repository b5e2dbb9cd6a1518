#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.hpp"

namespace peelbox::cli {

namespace {

std::string in_fish_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_words_below(const command_info& command, const command_info& root) {
  return command.path == root.path ? std::string() : command.path.substr(root.path.size() + 1);
}

void add_fish_transitions(const command_info& command, const command_info& root, std::string& out) {
  for (const command_info& one : command.commands) {
    if (one.hidden || one.shadowed) continue;
    out += fmt::format("      case {}\n        set at {}\n", in_fish_quotes(fish_words_below(command, root) + "/" + one.name),
                       in_fish_quotes(fish_words_below(one, root)));
    add_fish_transitions(one, root, out);
  }
}

std::string fish_action(const option_info& option) {
  switch (option.completes) {
    case option_info::completion::values:
      // Files behind dest=, as in type=oci,dest=FILE.
      if (!option.closed && option.values.front().find("type=") == 0)
        return fmt::format("-x -a {}", in_fish_quotes(fmt::format("(__peelbox_fields {})", fmt::join(option.values, " "))));
      return fmt::format("-x -a {}", in_fish_quotes(fmt::format("{}", fmt::join(option.values, " "))));
    case option_info::completion::files: return "-r -F";
    case option_info::completion::directories: return "-x -a '(__fish_complete_directories)'";
    case option_info::completion::nothing: break;
  }
  return "-x";
}

void add_command(const command_info& command, const command_info& root, std::string& out) {
  const std::string here = fmt::format("complete -c peelbox -n {} ", in_fish_quotes(fmt::format("__peelbox_at {}", in_fish_quotes(fish_words_below(command, root)))));
  bool files = false;
  for (const option_info& option : command.positionals) {
    files = files || option.completes == option_info::completion::files || option.completes == option_info::completion::directories;
    if (option.completes == option_info::completion::values) out += here + fmt::format("-f -a {}\n", in_fish_quotes(fmt::format("{}", fmt::join(option.values, " "))));
  }
  if (!files) out += here + "-f\n";
  for (const command_info& one : command.commands)
    if (!one.hidden && !one.shadowed) out += here + fmt::format("-f -a {} -d {}\n", one.name, in_fish_quotes(one.about));
  for (const option_info& option : command.options) {
    std::string line = here;
    for (const std::string& name : option.shorts) line += "-s " + name + " ";
    for (const std::string& name : option.longs) line += "-l " + name + " ";
    // fish cannot offer values only after '=', so an option whose value may be omitted is offered as a flag.
    if (!option.is_flag() && !option.value_optional) line += fish_action(option) + " ";
    else if (option.value_optional && !option.values.empty()) line += fmt::format("-f -a {} ", in_fish_quotes(fmt::format("{}", fmt::join(option.values, " "))));
    out += line + "-d " + in_fish_quotes(option.about) + "\n";
  }
  for (const command_info& one : command.commands)
    if (!one.hidden && !one.shadowed) add_command(one, root, out);
}

}  // namespace

std::string fish_completion(const command_info& root) {
  std::string out = "# fish completion for peelbox; made by `peelbox completion fish`\n"
      "function __peelbox_at --description 'whether the words so far name this command'\n"
      "  set -l at ''\n"
      "  for word in (commandline -opc)[2..]\n"
      "    switch \"$at/$word\"\n";
  add_fish_transitions(root, root, out);
  out += "    end\n  end\n  test \"$at\" = \"$argv[1]\"\nend\n"
      "function __peelbox_fields --description 'type=…,dest=FILE'\n"
      "  set -l word (commandline -ct | string replace -r -- '^--[a-z-]+=' '')\n"
      "  if set -l typed (string match -r -- '.*dest=' $word)\n"
      "    for file in (__fish_complete_path (string replace -- $typed '' $word))\n"
      "      echo $typed$file\n"
      "    end\n"
      "  else\n"
      "    printf '%s\\n' $argv\n"
      "  end\n"
      "end\n";
  add_command(root, root, out);
  return out;
}

}  // namespace peelbox::cli
