#include "cli/man_page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "engine/async/ascii.hpp"

namespace peelbox::cli {

namespace {

using row = std::pair<std::string_view, std::string_view>;

constexpr std::array<row, 8> exit_codes{{
    {"0", "Built; or what was asked for is there."},
    {"1", "The build failed."},
    {"2", "Wrong flags, spec or address."},
    {"3", "No connection to the daemon, or a daemon older than BuildKit 0.11."},
    {"4", "The context or the output on this machine."},
    {"75", "The daemon went away, or did not answer any more, in the middle of the build; trying again may help."},
    {"130", "Interrupted by Ctrl-C. The first one cancels the build on the daemon, a second one ends at once."},
    {"143", "Ended by SIGTERM."},
}};

constexpr std::array<row, 13> environment{{
    {"BUILDKIT_HOST", "The daemon's address when --buildkit is not given."},
    {"BUILDKIT_PROGRESS", "The progress mode when --progress is not given."},
    {"BUILDX_METADATA_PROVENANCE", "How much of the build's provenance --metadata-file has: min (without the steps; the default), max, disabled."},
    {"BUILDX_METADATA_WARNINGS", "1 or true: --metadata-file has the warnings of the build."},
    {"DOCKER_HOST, DOCKER_CONTEXT", "Which Docker engine is meant, as for docker."},
    {"DOCKER_CONFIG", "The directory of Docker's configuration, for logins and contexts."},
    {"BUILDKIT_COLORS", "Colours of the display, as in run=green:warning=yellow:error=red:cancel=255,165,0: a name, light- and a "
                        "name, or red, green and blue."},
    {"BUILDKIT_TTY_LOG_LINES", "How many last lines of its output a running step has in the display; 6 if not set."},
    {"GITHUB_ACTIONS, GITLAB_CI", "When true, plain progress is in groups that fold; on GitHub failures are annotations too."},
    {"NO_COLOR", "When set to something, the display has no colours."},
    {"PEELBOX_CONTEXT_SECRET, PEELBOX_CONTEXT_SECRET_FILE", "The secret, or a file with it, that machines share which give the same "
                                                            "--context-id; at least 16 characters."},
    {"SOURCE_DATE_EPOCH", "Seconds since 1970 that no time in the result is later than; for the files in layers too with --output "
                          "…,rewrite-timestamp=true."},
    {"XDG_RUNTIME_DIR", "Where the sockets of a user's own daemons are looked for."},
}};

/// Escapes backslashes, dashes that are typed, and dots and quotes that would begin a request.
std::string text(std::string_view plain) {
  std::string out;
  bool line_begins = true;
  for (const char c : plain) {
    if (c == '\\') out += "\\e";
    else if (c == '-') out += "\\-";
    else if (line_begins && (c == '.' || c == '\'')) out += std::string("\\&") + c;
    else out += c;
    line_begins = c == '\n';
  }
  return out;
}

std::string in_argument(std::string_view plain) {
  std::string out;
  for (const char c : plain) out += c == '"' ? "\"\"" : text(std::string_view(&c, 1));
  return "\"" + out + "\"";
}

void add_option_entry(const option_info& option, std::string& out) {
  out += ".TP\n";
  if (!option.positional.empty()) {
    out += "\\fI" + text(option.positional) + "\\fR\n";
  } else {
    std::string names;
    for (const std::string& name : option.shorts) names += (names.empty() ? "" : ", ") + ("\\fB" + text("-" + name) + "\\fR");
    for (const std::string& name : option.longs) names += (names.empty() ? "" : ", ") + ("\\fB" + text("--" + name) + "\\fR");
    if (!option.is_flag())
      names += option.value_optional ? "[=\\fI" + text(option.value) + "\\fR]" : " \\fI" + text(option.value) + "\\fR";
    out += names + "\n";
  }
  std::string about = option.about + ".";
  if (!option.more.empty()) about += " " + option.more + ".";
  if (option.closed) about += fmt::format(" One of {}.", fmt::join(option.values, ", "));
  if (!option.default_value.empty()) about += " Default: \"" + option.default_value + "\".";
  if (option.repeats) about += " May be given several times.";
  out += text(about) + "\n";
}

/// Turns "Examples:" and other headings of the footer into sections; indented lines stay as they are.
void add_footer(const std::string& footer, std::string& out) {
  bool verbatim = false;
  bool notes = false;
  std::size_t at = 0;
  while (at < footer.size()) {
    const std::size_t end = std::min(footer.find('\n', at), footer.size());
    const std::string_view line(footer.data() + at, end - at);
    at = end + 1;
    const bool indented = line.starts_with("  ");
    if (verbatim && !indented) out += ".EE\n";
    if (indented && !verbatim) out += ".EX\n";
    verbatim = indented;
    if (line.empty()) continue;
    if (line == "Examples:" || line == "Example:") {
      out += ".SH EXAMPLES\n";
    } else {
      if (!indented && !notes) {
        out += ".SH NOTES\n";
        notes = true;
      }
      out += text(line) + "\n";
    }
  }
  if (verbatim) out += ".EE\n";
}

void add_rows(std::string_view heading, std::span<const row> rows, std::string& out) {
  out += fmt::format(".SH {}\n", heading);
  for (const auto& [name, about] : rows) out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", text(name), text(about));
}

void add_commands(const command_info& command, std::string& out) {
  out += ".SH COMMANDS\n";
  for (const command_info& one : command.commands)
    if (!one.hidden)
      out += fmt::format(".TP\n\\fB{}\\fR(1)\n{}.\n", text(man_page_name(one)), text(one.about));
}

}  // namespace

std::string man_page_name(const command_info& command) {
  std::string name = command.path;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string man_page(const command_info& command, const command_info& root, std::string_view version) {
  const std::string title = upper(man_page_name(command));
  std::string out = fmt::format(".TH {} 1 \"\" {} {}\n", in_argument(title), in_argument(fmt::format("peelbox {}", version)), in_argument("peelbox"));
  out += fmt::format(".SH NAME\n{} \\- {}\n", text(man_page_name(command)), text(command.about));
  out += fmt::format(".SH SYNOPSIS\n\\fB{}\\fR{}\n", text(command.path), text(command.usage().substr(command.path.size())));
  if (!command.commands.empty()) add_commands(command, out);
  if (!command.positionals.empty()) {
    out += ".SH ARGUMENTS\n";
    for (const option_info& option : command.positionals) add_option_entry(option, out);
  }
  std::vector<std::string> groups{std::string(command_info::everyday)};
  for (const option_info& option : command.options)
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  out += ".SH OPTIONS\n";
  for (const std::string& group : groups) {
    if (group != command_info::everyday) out += ".SS " + in_argument(group) + "\n";
    for (const option_info& option : command.options)
      if (option.group == group) add_option_entry(option, out);
  }
  if (!command.footer.empty()) add_footer(command.footer, out);
  if (&command == &root) {
    add_rows("EXIT STATUS", exit_codes, out);
    add_rows("ENVIRONMENT", environment, out);
  } else {
    out += fmt::format(".SH SEE ALSO\n\\fB{}\\fR(1)\n", text(root.name));
  }
  return out;
}

}  // namespace peelbox::cli
