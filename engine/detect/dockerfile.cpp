#include "engine/detect/dockerfile.hpp"

#include <algorithm>
#include <charconv>

#include "engine/detect/hints.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

/// Instructions, with continued lines joined.
std::vector<std::string> instructions(std::string_view text) {
  std::vector<std::string> out;
  std::string line;
  for (const std::string_view raw : lines_of(text)) {
    const std::string_view piece = trim(raw);
    if (piece.empty() || piece.starts_with('#')) continue;
    line += piece;
    if (line.ends_with('\\')) {
      line.back() = ' ';
      continue;
    }
    out.push_back(std::move(line));
    line.clear();
  }
  return out;
}

/// A=b C="d e" F=$x: pieces at blanks outside of quotes; what has a variable in it is left out.
void take_env(std::string_view rest, std::map<std::string, std::string>& out) {
  std::size_t i = 0;
  while (i < rest.size()) {
    std::string word;
    char quote = 0;
    for (; i < rest.size() && (quote != 0 || (rest[i] != ' ' && rest[i] != '\t')); ++i) {
      if (quote == 0 && (rest[i] == '"' || rest[i] == '\'')) {
        quote = rest[i];
      } else if (rest[i] == quote) {
        quote = 0;
      } else {
        word += rest[i];
      }
    }
    while (i < rest.size() && (rest[i] == ' ' || rest[i] == '\t')) ++i;
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      // ENV NAME the rest of the line
      if (out.empty() && !word.empty() && i < rest.size() && !contains(rest, "="))
        out[word] = std::string(trim(rest.substr(i)));
      return;
    }
    if (equals > 0 && !contains(word, "$")) out[word.substr(0, equals)] = word.substr(equals + 1);
  }
}

/// Both forms of ENTRYPOINT and CMD.
std::vector<std::string> command_of(std::string_view rest) {
  rest = trim(rest);
  if (rest.starts_with('[')) {
    const auto list = parse_json(rest);
    if (list.has_value() && list->is(value::kind::array)) return list->texts();
  }
  if (rest.empty()) return {};
  return as_command(rest);
}

}  // namespace

std::string health_path_of(std::string_view command) {
  for (const std::string_view host : {"localhost", "127.0.0.1", "0.0.0.0", "[::1]"}) {
    std::size_t at = command.find(host);
    if (at == std::string_view::npos) continue;
    at += host.size();
    if (at < command.size() && command[at] == ':')
      for (++at; at < command.size() && (is_word(command[at]) || contains("${}-", command.substr(at, 1)));) ++at;
    if (at >= command.size() || command[at] != '/') return at >= command.size() || contains(" \"'", command.substr(at, 1)) ? "/" : "";
    const std::size_t end = std::min(command.find_first_of(" \"'|;&)]", at), command.size());
    return std::string(command.substr(at, end - at));
  }
  return {};
}

dockerfile_facts read_dockerfile(std::string_view text) {
  dockerfile_facts out;
  std::vector<std::string> entrypoint;
  std::vector<std::string> arguments;
  for (const std::string& line : instructions(text)) {
    const std::size_t blank = line.find_first_of(" \t");
    if (blank == std::string::npos) continue;
    const std::string name = lower(line.substr(0, blank));
    const std::string_view rest = trim(std::string_view(line).substr(blank));
    if (name == "from") {
      out = {};
      entrypoint.clear();
      arguments.clear();
    } else if (name == "expose") {
      // A second port beside that of SSH is the service's.
      constexpr std::uint16_t ssh = 22;
      for (const std::string& word : words_of(rest))
        if (out.port == 0 || out.port == ssh) out.port = port_of(word) != 0 ? port_of(word) : out.port;
    } else if (name == "env") {
      take_env(rest, out.env);
    } else if (name == "workdir") {
      out.workdir = rest;
    } else if (name == "entrypoint") {
      entrypoint = command_of(rest);
      arguments.clear();
    } else if (name == "cmd") {
      arguments = command_of(rest);
    } else if (name == "healthcheck") {
      out.health = health_path_of(rest);
    }
  }
  out.command = std::move(entrypoint);
  // The shell form of ENTRYPOINT takes no arguments.
  const bool shell = !out.command.empty() && out.command.front() == "/bin/sh";
  if (!shell) out.command.insert(out.command.end(), arguments.begin(), arguments.end());
  return out;
}

}  // namespace peelbox::detect
