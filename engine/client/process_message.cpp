#include "engine/client/process_message.hpp"

#include <algorithm>
#include <charconv>

#include "engine/client/error_chain.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::client {
namespace {

constexpr std::string_view process_shape = "process \"\" did not complete successfully";
constexpr std::size_t longest_command = 4096;
constexpr std::size_t longest_replacement = 200;

// Undoes Go's %q, as far as its escapes occur in commands.
std::string unquoted(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    switch (const char c = text[++i]) {
      case 'n': out.push_back('\n'); break;
      case 't': out.push_back('\t'); break;
      case '"':
      case '\\': out.push_back(c); break;
      default: out.append({'\\', c});
    }
  }
  return out;
}

// The command in `process "…" did not complete successfully` (executor/errdefs, solver/llbsolver/ops/exec.go), as it stands
// there; null data if there is none.
std::string_view quoted_command(std::string_view message) {
  for (const error_link& link : error_chain(message))
    if (link.shape == process_shape) return link.quoted.front();
  return {};
}

std::string whole_command(std::string_view message) {
  std::string command = unquoted(quoted_command(message).substr(0, longest_command));
  for (const std::string_view shell : {"/bin/sh -c ", "/bin/bash -c ", "/bin/sh -ec ", "/bin/sh -euc ", "sh -e -c "}) {
    if (command.starts_with(shell)) return command.substr(shell.size());
  }
  return command;
}

// A script of ours runs the last command of a spec; its arguments are the command and then what runtime.copy names. The
// latter are cut off. The name of the step begins with the command, so the cut is behind that part
// (engine/spec/plan.cpp).
std::string own_command(std::string command, std::string_view step_name) {
  constexpr std::string_view script = "sh /.peelbox/bin/build-and-collect ";
  const bool collects = command.starts_with(script);
  std::string_view known = step_name;
  for (int tags = 0; tags < 2 && known.starts_with('['); ++tags) {  // [service] [build 1/2]
    const std::size_t end = known.find("] ");
    if (end == std::string_view::npos) break;
    // The script that installs packages is ours too; the step's name says what it does.
    if (known.substr(0, end).ends_with("packages")) return std::string(known.substr(end + 2));
    known.remove_prefix(end + 2);
  }
  if (!collects) return command;
  command.erase(0, script.size());
  if (known.ends_with(" …")) known.remove_suffix(std::string_view(" …").size());
  const std::size_t from = std::string_view(command).starts_with(known) ? known.size() : 0;
  command.resize(std::min(command.find(" /build/", from), command.size()));
  return command;
}

}  // namespace

std::string command_in(std::string_view message, std::string_view step_name) {
  std::string command = whole_command(message);
  if (command.empty()) return command;
  return own_command(std::move(command), step_name);
}

std::optional<std::int64_t> exit_code_in(std::string_view message) {
  bool of_process = false;
  bool number_follows = false;
  for (const error_link& link : error_chain(message)) {
    std::int64_t code = 0;
    if (number_follows && std::from_chars(link.text.data(), link.text.data() + link.text.size(), code).ptr != link.text.data())
      return code;
    number_follows = of_process && link.text == "exit code";
    of_process = of_process || link.shape == process_shape;
  }
  return std::nullopt;
}

std::string readable_message(std::string_view message, std::string_view step_name) {
  std::string out = without_repeated_codes(message);
  const std::string_view quoted = quoted_command(out);
  const std::string whole = whole_command(out);
  if (whole.empty()) return out;
  const std::string own = own_command(whole, step_name);
  if (own == whole) return out;
  const auto from = static_cast<std::size_t>(quoted.data() - out.data());
  out.replace(from, quoted.size(), progress::sanitize_line(own, longest_replacement));
  return out;
}

}  // namespace peelbox::client
