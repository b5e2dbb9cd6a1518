#include "engine/client/output_hints.hpp"

#include <algorithm>
#include <array>

namespace peelbox::client {
namespace {

using std::string_view;

constexpr std::size_t longest_name = 200;

/// A line as a program writes it: `begin` NAME `end`, with nothing else on the line.
struct line_rule {
  string_view begin;  // the line starts so; with `tool`, this follows the program's name
  string_view end;    // behind the name: "" = the name ends the line, "*" = anything may follow
  string_view tool;   // "" or the last letters of a program's path that stands before `begin`
  string_view cause;  // %s is the name
  string_view advice;
};

constexpr string_view package_advice = "check its name for the release of the base image";
constexpr string_view network_advice = "check the daemon's DNS and network settings";

// The network first: without it package managers know no package.
constexpr std::array rules{
    line_rule{"curl: (6) Could not resolve host: ", "", "",
              "the name %s cannot be resolved inside of the build's containers", network_advice},
    line_rule{"E: Unable to locate package ", "", "", "the package %s is not in the distribution's index",
              package_advice},
    line_rule{"E: Package '", "' has no installation candidate", "",
              "the package %s has no version in the distribution's index", package_advice},
    line_rule{"  ", " (no such package):", "", "the package %s is not in Alpine's index for this release",
              package_advice},
    line_rule{"Error: Unable to find a match: ", "*", "", "the package %s is not in the distribution's index",
              package_advice},
    line_rule{"ERROR: No matching distribution found for ", "*", "", "pip knows no fitting version of %s",
              "check the name, the version and the Python version of the image"},
    line_rule{": cannot find -l", "", "ld", "the linker did not find the library %s in the image",
              "add the package that contains it; on Debian it is mostly called lib…-dev"},
    line_rule{": cannot find -l", ": No such file or directory", "ld",
              "the linker did not find the library %s in the image",
              "add the package that contains it; on Debian it is mostly called lib…-dev"},
};

enum class reach { last_line, any_line };

// The last word of the system to a program: "dd: error writing 'x': No space left on device".
struct system_rule {
  string_view words;
  reach where;
  string_view cause;
  string_view advice;
};

constexpr std::array system_rules{
    system_rule{"No space left on device", reach::any_line, disk_full, disk_full_advice},
    system_rule{"Disk quota exceeded", reach::any_line, disk_full, disk_full_advice},
    system_rule{"Temporary failure in name resolution", reach::last_line,
                "names cannot be resolved inside of the build's containers", network_advice},
    system_rule{"Exec format error", reach::last_line, wrong_processor, wrong_processor_advice},
    system_rule{"exec format error", reach::last_line, wrong_processor, wrong_processor_advice},
};

bool is_name(string_view text) {
  return !text.empty() && text.size() <= longest_name && text.find_first_of(" \t") == string_view::npos;
}

std::string with_name(string_view cause, string_view name) {
  std::string out(cause);
  if (const std::size_t place = out.find("%s"); place != std::string::npos) out.replace(place, 2, name);
  return out;
}

std::optional<string_view> name_in(string_view line, const line_rule& rule) {
  if (!rule.tool.empty()) {
    const std::size_t end = line.find(rule.begin);
    if (end == string_view::npos || !is_name(line.substr(0, end)) ||
        !line.substr(0, end).ends_with(rule.tool))
      return std::nullopt;
    line.remove_prefix(end);
  }
  if (!line.starts_with(rule.begin)) return std::nullopt;
  line.remove_prefix(rule.begin.size());
  if (rule.end == "*")
    line = line.substr(0, line.find(' '));
  else if (line.ends_with(rule.end))
    line.remove_suffix(rule.end.size());
  else
    return std::nullopt;
  return is_name(line) ? std::optional(line) : std::nullopt;
}

// "PROGRAM: …: WORDS", or WORDS as Python and Rust put them; the runtime writes "exec PROGRAM: WORDS". Before
// the first colon stands a program or a word such as "fatal", not a place in a source file or a sentence.
bool says(string_view line, string_view words) {
  if (line.starts_with("exec ")) line.remove_prefix(string_view("exec ").size());
  const std::size_t colon = line.find(": ");
  if (!is_name(line.substr(0, colon)) || colon == string_view::npos ||
      line.substr(0, colon).find(':') != string_view::npos)
    return false;
  if (line.starts_with("warning: ") || line.starts_with("note: ")) return false;
  if (line.ends_with(" (os error 28)")) line.remove_suffix(string_view(" (os error 28)").size());
  if (line.ends_with('>')) line.remove_suffix(1);
  if (!line.ends_with(words)) return false;
  line.remove_suffix(words.size());
  return line.ends_with(": ") || line.ends_with("[Errno 28] ") || line.ends_with("[Errno -3] ");
}

// apt: "W: Failed to fetch http://…  Temporary failure resolving 'HOST'"; git: "fatal: unable to
// access 'https://…': Could not resolve host: github.com".
bool name_lookup_failed(string_view line) {
  if (line.starts_with("W: Failed to fetch ") || line.starts_with("E: Failed to fetch "))
    return line.find("  Temporary failure resolving '") != string_view::npos && line.ends_with('\'');
  const std::size_t host = line.rfind("': Could not resolve host: ");
  return line.starts_with("fatal: unable to access '") && host != string_view::npos;
}

// The script that collects the files of runtime.copy (engine/spec/artifacts.cpp).
std::optional<error_hint> own_script(string_view line) {
  constexpr string_view middle = "]: nothing matches '";
  if (!line.starts_with("runtime.copy[")) return std::nullopt;
  const std::size_t begin = line.find(middle);
  const std::size_t end = line.rfind('\'');
  if (begin == string_view::npos || end < begin + middle.size()) return std::nullopt;
  if (const string_view rest = line.substr(end + 1); !rest.empty() && rest != " in /build")
    return std::nullopt;
  const string_view name =
      line.substr(begin + middle.size(), std::min(end - begin - middle.size(), longest_name));
  return error_hint{
      with_name("the commands ran, but they did not make %s, which runtime.copy wants", name),
      "compare runtime.copy with what the commands write; its paths are relative to the context directory"};
}

std::vector<string_view> errors_of(const std::vector<log_line>& tail) {
  std::vector<string_view> lines;
  for (const log_line& line : tail)
    if (line.stream == 2 && line.text.find_first_not_of(" \t\r") != string_view::npos)
      lines.push_back(line.text);
  return lines;
}

}  // namespace

std::optional<error_hint> output_hint(const std::vector<log_line>& tail) {
  const std::vector<string_view> lines = errors_of(tail);
  if (lines.empty()) return std::nullopt;
  if (auto hint = own_script(lines.back())) return hint;
  if (std::any_of(lines.begin(), lines.end(), name_lookup_failed))
    return error_hint{"names cannot be resolved inside of the build's containers",
                      std::string(network_advice)};
  for (const system_rule& rule : system_rules)
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      if (says(*line, rule.words)) return error_hint{std::string(rule.cause), std::string(rule.advice)};
      if (rule.where == reach::last_line) break;
    }
  for (const line_rule& rule : rules)
    for (auto line = lines.rbegin(); line != lines.rend(); ++line)
      if (const auto name = name_in(*line, rule))
        return error_hint{with_name(rule.cause, *name), std::string(rule.advice)};
  return std::nullopt;
}

std::string program_not_found(const std::vector<log_line>& tail) {
  const std::vector<string_view> lines = errors_of(tail);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    for (const string_view end : {": command not found", ": not found"}) {
      if (!line->ends_with(end)) continue;
      const string_view before = line->substr(0, line->size() - end.size());
      const std::size_t colon = before.rfind(": ");
      if (colon == string_view::npos) continue;
      if (const string_view name = before.substr(colon + 2); is_name(name)) return std::string(name);
    }
  }
  return {};
}

}  // namespace peelbox::client
