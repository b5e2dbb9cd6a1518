#include "cli/misuse.hpp"

#include <fmt/format.h>

#include "engine/async/closest.hpp"

namespace peelbox::cli {

namespace {

std::string in_quotes(std::string_view word) {
  constexpr std::size_t longest = 80;
  return fmt::format("\"{}{}\"", word.substr(0, longest), word.size() > longest ? "…" : "");
}

std::vector<std::string> long_names(const command_info& command) {
  std::vector<std::string> names;
  for (const option_info& option : command.options)
    for (const std::string& name : option.longs) names.push_back("--" + name);
  return names;
}

std::vector<std::string> command_names(const command_info& command) {
  std::vector<std::string> names;
  for (const command_info& one : command.commands)
    if (!one.hidden) names.push_back(one.name);
  return names;
}

/// Where an option does exist.
const command_info* owner_of(const command_info& command, std::string_view option) {
  if (command.option(option)) return &command;
  for (const command_info& one : command.commands)
    if (!one.hidden)
      if (const command_info* found = owner_of(one, option)) return found;
  return nullptr;
}

std::string unknown_option(const command_info& root, const command_info& at, const std::string& name) {
  std::string text = fmt::format("`{}` has no option {}", at.path, name);
  if (std::string near = did_you_mean(name, long_names(at)); !near.empty()) return text + near;
  if (const command_info* owner = owner_of(root, name)) return text + fmt::format("; it is one of `{}`", owner->path);
  return text;
}

std::string unknown_command(const command_info& at, const std::string& word) {
  const std::vector<std::string> names = command_names(at);
  std::string text = fmt::format("`{}` has no command {}", at.path, in_quotes(word));
  return text + did_you_mean(word, names);
}

std::string unexpected_argument(const command_info& at, const std::string& word) {
  std::string text = fmt::format("`{}` takes no argument, so {} has no meaning", at.path, in_quotes(word));
  if (at.option("--context")) text += fmt::format("; for the directory with the sources use --context {}", word);
  return text;
}

/// Whether the words after an option's name belong to it.
void skip_values(const option_info& option, std::span<const std::string> words, std::size_t& i) {
  if (option.is_flag() || i + 1 >= words.size()) return;
  const std::string& next = words[i + 1];
  if (option.value_optional && next.starts_with("-")) return;
  ++i;
}

}  // namespace

std::optional<misuse> find_misuse(const command_info& root, std::span<const std::string> words) {
  const command_info* at = &root;
  bool options_end = false;
  std::size_t arguments = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!options_end && word == "--") {
      options_end = true;
    } else if (!options_end && word.starts_with("--")) {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      const option_info* option = at->option(name);
      if (!option) return misuse{unknown_option(root, *at, name), at->path};
      if (equals == std::string::npos) skip_values(*option, words, i);
    } else if (!options_end && word.size() > 1 && word[0] == '-') {
      for (std::size_t k = 1; k < word.size(); ++k) {
        const std::string name{'-', word[k]};
        const option_info* option = at->option(name);
        if (!option) {
          // One dash instead of two is the usual reason.
          const std::string doubled = "-" + word.substr(0, word.find('='));
          if (k == 1 && at->option(doubled))
            return misuse{fmt::format("`{}` has no option {}; did you mean {}?", at->path, word, doubled), at->path};
          return misuse{unknown_option(root, *at, name), at->path};
        }
        if (option->is_flag()) continue;
        if (k + 1 == word.size()) skip_values(*option, words, i);
        break;
      }
    } else if (!at->commands.empty()) {
      const command_info* next = at->command(word);
      if (!next) return misuse{unknown_command(*at, word), at->path};
      at = next;
      if (at->hidden) return std::nullopt;
    } else {
      const bool endless = !at->positionals.empty() && at->positionals.back().repeats;
      if (++arguments > at->positionals.size() && !endless) {
        if (at->positionals.empty()) return misuse{unexpected_argument(*at, word), at->path};
        return misuse{fmt::format("`{}` takes {} argument{}, so {} is too much", at->path, at->positionals.size(),
                                  at->positionals.size() == 1 ? "" : "s", in_quotes(word)),
                      at->path};
      }
    }
  }
  return std::nullopt;
}

const command_info& command_of(const command_info& root, std::span<const std::string> words) {
  const command_info* at = &root;
  for (const std::string& word : words) {
    if (word.starts_with("-")) break;
    const command_info* next = at->command(word);
    if (!next) break;
    at = next;
  }
  return *at;
}

}  // namespace peelbox::cli
