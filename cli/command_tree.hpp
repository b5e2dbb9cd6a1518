// The commands and options as plain values, read from the parser's own definitions. Help, man pages, completions and
// suggestions are made from them, so they cannot differ from what is parsed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace peelbox::cli {

struct option_info {
  enum class completion { nothing, values, files, directories };

  std::vector<std::string> shorts;  ///< "t", without the dash
  std::vector<std::string> longs;   ///< "tag"
  std::string positional;           ///< "PATH" for an argument without a name
  std::string value;                ///< what stands for the value: "FILE"; empty for flags
  bool value_optional = false;
  bool repeats = false;
  bool required = false;
  std::string about;                ///< one sentence
  std::string more;                 ///< further ones
  std::string default_value;
  std::string group;                ///< heading; the everyday ones are in `everyday`
  std::vector<std::string> values;  ///< known ones, or ways to begin one
  bool closed = false;              ///< no other values
  completion completes = completion::nothing;

  bool is_flag() const { return value.empty(); }
  /// "-t, --tag REF"
  std::string spelled() const;
};

struct command_info {
  static constexpr std::string_view everyday = "Options";
  /// The group of commands that the short help only names.
  static constexpr std::string_view seldom = "Further commands";

  std::string name;
  std::string path;  ///< "peelbox context ls"
  std::string about;
  std::string footer;
  bool hidden = false;
  bool rare = false;
  /// Begins with the name of another command ("buildctl", "build"), whose completion it would spoil.
  bool shadowed = false;
  std::vector<option_info> options;      ///< with names
  std::vector<option_info> positionals;
  std::vector<command_info> commands;

  const command_info* command(std::string_view wanted) const;
  /// By "--tag" or "-t".
  const option_info* option(std::string_view wanted) const;
  /// "peelbox build [OPTIONS]"
  std::string usage() const;
};

/// Of a whole parser.
command_info describe(CLI::App& app);

}  // namespace peelbox::cli
