#include "cli/help_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace peelbox::cli {

namespace {

constexpr std::size_t widest_name = 24;

std::string described(const option_info& option, bool all) {
  std::string text = option.about;
  if (option.closed) text += fmt::format(": {}", fmt::join(option.values, ", "));
  if (!option.default_value.empty()) text += fmt::format(" (default {})", option.default_value);
  if (all && !option.more.empty()) text += ". " + option.more;
  return text;
}

/// Short names first; an option without one begins where the others' long names do. Aliases only appear in the full help.
std::string name_column(option_info option, bool all) {
  if (!all && option.longs.size() > 1) option.longs.resize(1);
  return option.shorts.empty() && option.positional.empty() ? "    " + option.spelled() : option.spelled();
}

void add_row(std::string& out, const std::string& name, const std::string& text, std::size_t width) {
  std::string line = "  " + name;
  const std::size_t column = width + 4;
  if (line.size() + 2 > column) line += "\n" + std::string(column, ' ');
  else line += std::string(column - line.size(), ' ');
  out += line + wrapped(text, help_columns - column, column) + "\n";
}

bool is_help(const option_info& option) {
  return !option.longs.empty() && (option.longs.front() == "help" || option.longs.front() == "help-all");
}

void add_options(std::string& out, const command_info& command, bool all) {
  std::size_t width = 0;
  const auto measure = [&](const option_info& o) {
    if (const std::size_t size = name_column(o, all).size(); size <= widest_name) width = std::max(width, size);
  };
  for (const option_info& option : command.positionals) measure(option);
  for (const option_info& option : command.options)
    if (all || option.group == command_info::everyday) measure(option);
  if (!command.positionals.empty()) {
    out += "\nArguments:\n";
    for (const option_info& option : command.positionals) add_row(out, option.positional, described(option, all), width);
  }
  std::vector<std::string> groups{std::string(command_info::everyday)};
  if (all)
    for (const option_info& option : command.options)
      if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  for (const std::string& group : groups) {
    std::string rows;
    for (const option_info& option : command.options)
      if (option.group == group && !is_help(option)) add_row(rows, name_column(option, all), described(option, all), width);
    if (!rows.empty()) out += "\n" + group + ":\n" + rows;
  }
}

std::string render(const command_info& command, bool all) {
  std::string out = "Usage: " + command.usage() + "\n" + wrapped(command.about, help_columns, 0) + "\n";
  if (!command.commands.empty()) {
    out += "\nCommands:\n";
    std::size_t width = 0;
    const auto shown = [all](const command_info& one) { return !one.hidden && (all || !one.rare); };
    std::string others;
    for (const command_info& one : command.commands) {
      if (shown(one)) width = std::max(width, one.name.size());
      else if (!one.hidden) others += (others.empty() ? "" : ", ") + one.name;
    }
    for (const command_info& one : command.commands)
      if (shown(one)) add_row(out, one.name, one.about, width);
    if (!others.empty()) out += "  " + wrapped("and " + others, help_columns - 2, 2) + "\n";
  }
  add_options(out, command, all);
  if (!command.footer.empty()) out += "\n" + command.footer + "\n";
  return out;
}

std::string page_name(std::string path) {
  std::replace(path.begin(), path.end(), ' ', '-');
  return path;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (used > 0 && used + 1 + word.size() > columns) {
      out += "\n" + std::string(indent, ' ');
      used = 0;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word.size();
  }
  return out;
}

std::string help_text(const command_info& command, bool all) {
  const std::string everything = render(command, true);
  const auto lines = static_cast<std::size_t>(std::count(everything.begin(), everything.end(), '\n'));
  if (all || lines <= help_lines) return everything;
  const std::string rest = fmt::format("All options: {} --help-all or man {}", command.path, page_name(command.path));
  return render(command, false) + wrapped(rest, help_columns, 2) + "\n";
}

}  // namespace peelbox::cli
