#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.hpp"

namespace peelbox::cli {

namespace {

/// Below the program's name: "context ls".
std::string bash_words_below(const command_info& command, const command_info& root) {
  return command.path == root.path ? std::string() : command.path.substr(root.path.size() + 1);
}

constexpr const char* head = R"(# bash completion for peelbox; made by `peelbox completion bash`
_peelbox() {
  local line=${COMP_LINE:0:COMP_POINT} words=() cur= path= word option= list= kind= front=
  COMPREPLY=()
  # bash splits at '=' and ':' too, which values like unix:///run/x and type=oci contain.
  read -ra words <<< "$line"
  if [[ $line != *[[:space:]] && ${#words[@]} -gt 0 ]]; then
    cur=${words[-1]}
    unset 'words[-1]'
  fi
  for word in "${words[@]:1}"; do
    case "$path/$word" in
)";

constexpr const char* middle = R"(    esac
  done
  if [[ $cur == --*=* ]]; then
    option=${cur%%=*}
    cur=${cur#*=}
    front==
  elif [[ ${#words[@]} -gt 1 && ${words[-1]} == -* ]]; then
    option=${words[-1]}
  fi
  case "$path:$option" in
)";

constexpr const char* tail = R"(  # What stands behind dest= of type=oci,dest=FILE, and behind NAME= of NAME=DIR.
  if [[ $kind == values && $cur == *dest=* ]]; then kind=files; fi
  local typed=$cur
  if [[ $kind == files || $kind == directories ]] && [[ $cur == *=* ]]; then cur=${cur##*=}; fi
  case $kind in
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    none) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$list" -- "$cur") ;;
  esac
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=,/:] ]] && compopt -o nospace 2>/dev/null
  # Only what follows the last '=' or ':' is the word that readline replaces.
  if [[ $kind == values && -n $typed ]]; then
    local i cut=${typed%"${typed##*[=:]}"}
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$cut"}; done
  fi
  return 0
}
complete -F _peelbox peelbox
)";

void add_bash_transitions(const command_info& command, const command_info& root, std::string& out) {
  for (const command_info& one : command.commands) {
    if (one.hidden || one.shadowed) continue;
    out += fmt::format("      '{}/{}') path='{}' ;;\n", bash_words_below(command, root), one.name, bash_words_below(one, root));
    add_bash_transitions(one, root, out);
  }
}

std::string names(const option_info& option, const std::string& path) {
  std::string patterns;
  const auto add = [&](const std::string& name) { patterns += fmt::format("{}'{}:{}'", patterns.empty() ? "" : "|", path, name); };
  for (const std::string& name : option.shorts) add("-" + name);
  for (const std::string& name : option.longs) add("--" + name);
  return patterns;
}

std::string bash_action(const option_info& option) {
  switch (option.completes) {
    case option_info::completion::values: return fmt::format("kind=values list='{}'", fmt::join(option.values, " "));
    case option_info::completion::files: return "kind=files";
    case option_info::completion::directories: return "kind=directories";
    case option_info::completion::nothing: break;
  }
  return "kind=none";
}

void add_values(const command_info& command, const command_info& root, std::string& out) {
  const std::string path = bash_words_below(command, root);
  for (const option_info& option : command.options) {
    if (option.is_flag()) continue;
    // A value that may be omitted has to follow '='.
    if (option.value_optional) out += fmt::format("    {}) [[ -n $front ]] && {} ;;\n", names(option, path), bash_action(option));
    else out += fmt::format("    {}) {} ;;\n", names(option, path), bash_action(option));
  }
  for (const command_info& one : command.commands)
    if (!one.hidden && !one.shadowed) add_values(one, root, out);
}

/// What may come when no value is due: commands, options and arguments.
void add_words(const command_info& command, const command_info& root, std::string& out) {
  std::string options;
  for (const option_info& option : command.options) {
    for (const std::string& name : option.shorts) options += " -" + name;
    for (const std::string& name : option.longs) options += " --" + name;
  }
  std::string commands;
  for (const command_info& one : command.commands)
    if (!one.hidden && !one.shadowed) commands += " " + one.name;
  std::string otherwise = commands.empty() ? "kind=none" : fmt::format("list='{}'", commands.substr(1));
  if (!command.positionals.empty()) otherwise = bash_action(command.positionals.front());
  out += fmt::format("      '{}') if [[ $cur == -* ]]; then list='{}'; else {}; fi ;;\n", bash_words_below(command, root),
                     options.empty() ? options : options.substr(1), otherwise);
  for (const command_info& one : command.commands)
    if (!one.hidden && !one.shadowed) add_words(one, root, out);
}

}  // namespace

std::string bash_completion(const command_info& root) {
  std::string out = head;
  add_bash_transitions(root, root, out);
  out += middle;
  add_values(root, root, out);
  out += "  esac\n  if [[ -z $kind ]]; then\n    case \"$path\" in\n";
  add_words(root, root, out);
  out += "    esac\n  fi\n";
  return out + tail;
}

}  // namespace peelbox::cli
