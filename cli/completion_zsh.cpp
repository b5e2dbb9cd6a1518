#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/completion.hpp"

namespace peelbox::cli {

namespace {

std::string in_zsh_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

/// Escapes the characters that end a part in a specification of _arguments.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string function_name(std::string path) {
  std::replace(path.begin(), path.end(), ' ', '_');
  std::replace(path.begin(), path.end(), '-', '_');
  return "_" + path;
}

std::string zsh_action(const option_info& option) {
  switch (option.completes) {
    case option_info::completion::values:
      if (option.closed) return fmt::format("({})", fmt::join(option.values, " "));
      return "->" + (option.positional.empty() ? option.longs.front() : option.positional);
    case option_info::completion::files: return "_files";
    case option_info::completion::directories: return "_files -/";
    case option_info::completion::nothing: break;
  }
  return " ";
}

/// One line of _arguments per name: '(-t --tag)--tag=[what]:REF:action'.
void add_option_spec(const option_info& option, std::string& out) {
  std::string others;
  if (!option.repeats) {
    for (const std::string& name : option.shorts) others += " -" + name;
    for (const std::string& name : option.longs) others += " --" + name;
  }
  const std::string front = option.repeats ? "*" : others.empty() ? "" : "(" + others.substr(1) + ")";
  std::string value;
  if (!option.is_flag())
    value = fmt::format("{}{}:{}", option.value_optional ? "::" : ":", escaped(option.value), zsh_action(option));
  const auto add = [&](const std::string& name) {
    out += "    " + in_zsh_quotes(front + name + "[" + escaped(option.about) + "]" + value) + " \\\n";
  };
  for (const std::string& name : option.shorts)
    add("-" + name + (option.is_flag() ? "" : option.value_optional ? "-" : "+"));
  for (const std::string& name : option.longs)
    add("--" + name + (option.is_flag() ? "" : option.value_optional ? "=-" : "="));
}

void add_open_values(const option_info& option, std::string& out) {
  if (option.completes != option_info::completion::values || option.closed) return;
  // These are beginnings of values: no space follows, and after dest= files do.
  const std::string state = option.positional.empty() ? option.longs.front() : option.positional;
  out += fmt::format("    {}) if compset -P '*dest='; then _files; else compadd -S '' -- {}; fi ;;\n", state,
                     fmt::join(option.values, " "));
}

void add_function(const command_info& command, std::string& out) {
  for (const command_info& one : command.commands)
    if (!one.hidden && !one.shadowed) add_function(one, out);
  out += function_name(command.path) + "() {\n  local curcontext=\"$curcontext\" state line\n  _arguments -C -S \\\n";
  for (const option_info& option : command.options) add_option_spec(option, out);
  for (const option_info& option : command.positionals)
    out += "    " + in_zsh_quotes((option.repeats ? "*" : "") + fmt::format(":{}:{}", escaped(option.positional), zsh_action(option))) + " \\\n";
  if (!command.commands.empty()) out += "    '1:command:->command' '*::argument:->argument' \\\n";
  out += "    && return 0\n  case $state in\n";
  if (!command.commands.empty()) {
    out += "    command) local -a commands=(\n";
    for (const command_info& one : command.commands)
      if (!one.hidden && !one.shadowed) out += "        " + in_zsh_quotes(one.name + ":" + escaped(one.about)) + "\n";
    out += "      )\n      _describe command commands ;;\n    argument) case $line[1] in\n";
    for (const command_info& one : command.commands)
      if (!one.hidden && !one.shadowed) out += fmt::format("        {}) {} ;;\n", one.name, function_name(one.path));
    out += "      esac ;;\n";
  }
  for (const option_info& option : command.options) add_open_values(option, out);
  for (const option_info& option : command.positionals) add_open_values(option, out);
  out += "  esac\n}\n";
}

}  // namespace

std::string zsh_completion(const command_info& root) {
  std::string out = "#compdef peelbox\n# zsh completion for peelbox; made by `peelbox completion zsh`\n";
  add_function(root, out);
  // When autoloaded, this file is the function's body; when sourced, the function only has to be registered.
  out += "if [[ $funcstack[1] == _peelbox ]]; then\n  _peelbox \"$@\"\nelse\n  compdef _peelbox peelbox\nfi\n";
  return out;
}

}  // namespace peelbox::cli
