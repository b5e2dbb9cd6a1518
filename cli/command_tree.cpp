#include "cli/command_tree.hpp"

#include <CLI/App.hpp>

#include <algorithm>

#include "cli/choice.hpp"
#include "engine/async/ascii.hpp"

namespace peelbox::cli {

namespace {

/// FILE and DIR are recognised by the placeholder of the value, also in "NAME=DIR" and "[FILE]".
option_info::completion completion_of(const option_info& option) {
  using kind = option_info::completion;
  if (!option.values.empty()) return kind::values;
  if (option.value.find("FILE") != std::string::npos) return kind::files;
  if (option.value.find("DIR") != std::string::npos) return kind::directories;
  return kind::nothing;
}

/// Divides a description: the first sentence says what, the others how.
void split_about(const std::string& text, option_info& option) {
  const std::size_t end = text.find(". ");
  option.about = text.substr(0, end);
  if (end != std::string::npos) option.more = text.substr(end + 2);
}

/// In the full name, the validators' descriptions follow colons; one in brackets is ours, as in HOST[:PORT].
std::string without_validators(const std::string& type) {
  int depth = 0;
  for (std::size_t i = 0; i < type.size(); ++i) {
    if (type[i] == '[') ++depth;
    if (type[i] == ']') --depth;
    if (type[i] == ':' && depth == 0) return type.substr(0, i);
  }
  return type;
}

option_info describe_option(CLI::Option& from) {
  option_info to;
  to.shorts = from.get_snames();
  to.longs = from.get_lnames();
  to.required = from.get_required();
  to.default_value = from.get_default_str();
  to.group = from.get_group();
  split_about(from.get_description(), to);
  const known_values known = values_of(from);
  to.values = known.values;
  to.closed = known.closed;
  const bool takes_value = from.get_items_expected_max() > 0;
  if (takes_value) {
    std::string type = without_validators(from.get_type_name());
    to.value_optional = from.get_expected_min() == 0;
    if (to.value_optional && type.size() > 2 && type.front() == '[') type = type.substr(1, type.size() - 2);
    to.value = type.empty() ? "VALUE" : type;
    to.repeats = from.get_items_expected_max() > 1;
  }
  if (from.get_positional() && to.longs.empty() && to.shorts.empty()) {
    to.positional = upper(from.get_name());
  }
  to.completes = completion_of(to);
  return to;
}

command_info describe_at(CLI::App& app, const std::string& above) {
  command_info to;
  to.name = app.get_name();
  to.path = above.empty() ? to.name : above + " " + to.name;
  to.about = app.get_description();
  to.footer = app.get_footer();
  to.hidden = app.get_group().empty();
  to.rare = app.get_group() == command_info::seldom;
  for (CLI::Option* option : app.get_options([](const CLI::Option* o) { return !o->get_group().empty(); })) {
    option_info info = describe_option(*option);
    (info.positional.empty() ? to.options : to.positionals).push_back(std::move(info));
  }
  // Options that every command has come last.
  std::stable_partition(to.options.begin(), to.options.end(), [](const option_info& o) {
    return std::find_if(o.longs.begin(), o.longs.end(), [](const std::string& n) { return n.starts_with("help"); }) ==
           o.longs.end();
  });
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; }))
    to.commands.push_back(describe_at(*sub, to.path));
  for (command_info& one : to.commands)
    one.shadowed = std::any_of(to.commands.begin(), to.commands.end(), [&one](const command_info& other) {
      return !other.hidden && other.name.size() < one.name.size() && one.name.starts_with(other.name);
    });
  return to;
}

}  // namespace

std::string option_info::spelled() const {
  if (!positional.empty()) return positional;
  std::string text;
  for (const std::string& name : shorts) text += (text.empty() ? "-" : ", -") + name;
  for (const std::string& name : longs) text += (text.empty() ? "--" : ", --") + name;
  if (!is_flag()) text += value_optional ? "[=" + value + "]" : " " + value;
  return text;
}

const command_info* command_info::command(std::string_view wanted) const {
  for (const command_info& one : commands)
    if (one.name == wanted) return &one;
  return nullptr;
}

const option_info* command_info::option(std::string_view wanted) const {
  for (const option_info& one : options) {
    if (wanted.starts_with("--")) {
      if (std::find(one.longs.begin(), one.longs.end(), wanted.substr(2)) != one.longs.end()) return &one;
    } else if (wanted.starts_with("-")) {
      if (std::find(one.shorts.begin(), one.shorts.end(), wanted.substr(1)) != one.shorts.end()) return &one;
    }
  }
  return nullptr;
}

std::string command_info::usage() const {
  std::string text = path;
  if (!commands.empty()) return text + " COMMAND [OPTIONS]";
  for (const option_info& one : options)
    if (one.required) text += " " + one.spelled().substr(one.spelled().find("--"));
  text += " [OPTIONS]";
  for (const option_info& one : positionals)
    text += " " + (one.required ? one.positional : "[" + one.positional + "]") + (one.repeats ? "…" : "");
  return text;
}

command_info describe(CLI::App& app) { return describe_at(app, ""); }

}  // namespace peelbox::cli
