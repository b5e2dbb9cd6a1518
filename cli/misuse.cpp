#include "cli/misuse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/elsewhere.hpp"
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

/// The commands that do have an option.
const command_info* owner_of(const command_info& command, std::string_view option) {
  if (command.option(option)) return &command;
  for (const command_info& one : command.commands)
    if (!one.hidden)
      if (const command_info* found = owner_of(one, option)) return found;
  return nullptr;
}

std::string unknown_option(const command_info& root, const command_info& at, const std::string& name) {
  std::string text = fmt::format("`{}` has no option {}", at.path, name);
  if (const std::string_view way = way_of(foreign_options(), name); !way.empty()) return text + "; " + std::string(way);
  if (std::string near = did_you_mean(name, long_names(at)); !near.empty()) return text + near;
  if (const command_info* owner = owner_of(root, name)) return text + fmt::format("; `{}` has one", owner->path);
  return text;
}

/// "a FILE", or the possible values.
std::string what_is_needed(const option_info& option, const std::string& name) {
  if (!option.closed) return fmt::format("{} {}", std::string_view("AEIOU").find(name[0]) == std::string_view::npos ? "a" : "an", name);
  std::string list = option.values.front();
  for (std::size_t i = 1; i < option.values.size(); ++i) list += (i + 1 == option.values.size() ? " or " : ", ") + option.values[i];
  return list;
}

std::string missing_value(const option_info& option, const std::string& name) {
  return fmt::format("{} needs {} after it", name, what_is_needed(option, option.value));
}

std::string missing_argument(const command_info& at, const option_info& argument) {
  return fmt::format("`{}` needs {}", at.path, what_is_needed(argument, argument.positional));
}

std::string unknown_command(const command_info& at, const std::string& word) {
  const std::vector<std::string> names = command_names(at);
  std::string text = fmt::format("`{}` has no command {}", at.path, in_quotes(word));
  if (const std::string_view way = way_of(foreign_commands(), word); !way.empty()) return text + "; " + std::string(way);
  return text + did_you_mean(word, names);
}

std::string unexpected_argument(const command_info& at, const std::string& word) {
  std::string text = fmt::format("`{}` takes no argument, so {} has no meaning", at.path, in_quotes(word));
  if (at.option("--context")) text += fmt::format("; for the directory with the sources use --context {}", word);
  return text;
}

/// Whoever asks for help or the version gets it, whatever follows.
bool only_asks(const option_info& option) {
  constexpr auto names = std::to_array<std::string_view>({"help", "help-all", "version"});
  return !option.longs.empty() && std::find(names.begin(), names.end(), option.longs.front()) != names.end();
}

std::string given_twice(const std::string& name) { return fmt::format("{} is given twice; there can be only one", name); }

/// Skips the word after an option's name if it belongs to the option; false if one is needed and missing.
bool take_value(const command_info& at, const option_info& option, std::span<const std::string> words, std::size_t& i) {
  if (option.is_flag()) return true;
  if (i + 1 >= words.size()) return option.value_optional;
  const std::string& next = words[i + 1];
  if (option.value_optional && next.starts_with("-")) return true;
  if (next.starts_with("-") && at.option(next.substr(0, next.find('=')))) return false;
  ++i;
  return true;
}

}  // namespace

std::optional<misuse> find_misuse(const command_info& root, std::span<const std::string> words) {
  const command_info* at = &root;
  bool options_end = false;
  std::vector<const option_info*> given;
  const auto again = [&given](const option_info& option) {
    if (option.is_flag() || option.repeats) return false;
    if (std::find(given.begin(), given.end(), &option) != given.end()) return true;
    given.push_back(&option);
    return false;
  };
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
      if (only_asks(*option)) return std::nullopt;
      if (again(*option)) return misuse{given_twice(name), at->path};
      if (equals == std::string::npos) {
        if (!take_value(*at, *option, words, i)) return misuse{missing_value(*option, name), at->path};
      } else if (equals + 1 == word.size() && !option->is_flag() && !option->value_optional) {
        // The result of --tag=$TAG when the variable is not set; the parser would take the next word.
        return misuse{fmt::format("{} is empty; it needs {}", word, what_is_needed(*option, option->value)), at->path};
      } else if (const std::string value = word.substr(equals + 1); option->is_flag() && value != "true" && value != "false") {
        return misuse{fmt::format("{} takes no value, so {} has no meaning", name, in_quotes(value)), at->path};
      }
    } else if (!options_end && word.size() > 1 && word[0] == '-') {
      for (std::size_t k = 1; k < word.size(); ++k) {
        const std::string name{'-', word[k]};
        const option_info* option = at->option(name);
        if (!option) {
          // Usually this is one dash instead of two.
          const std::string doubled = "-" + word.substr(0, word.find('='));
          if (k == 1 && at->option(doubled))
            return misuse{fmt::format("`{}` has no option {}; did you mean {}?", at->path, word, doubled), at->path};
          return misuse{unknown_option(root, *at, name), at->path};
        }
        if (only_asks(*option)) return std::nullopt;
        if (option->is_flag()) continue;
        if (again(*option)) return misuse{given_twice(name), at->path};
        if (k + 1 == word.size() && !take_value(*at, *option, words, i))
          return misuse{missing_value(*option, name), at->path};
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
  if (arguments < at->positionals.size() && at->positionals[arguments].required)
    return misuse{missing_argument(*at, at->positionals[arguments]), at->path};
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
