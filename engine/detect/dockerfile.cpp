#include "engine/detect/dockerfile.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/detect/command_line.hpp"
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

using variables = std::map<std::string, std::string>;

/// $X, ${X} and ${X:-default}; what has no value stays as it is.
std::string expanded(std::string_view text, const variables& known) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i++];
      continue;
    }
    const bool braces = text[i + 1] == '{';
    const std::size_t begin = i + (braces ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::size_t close = braces ? text.find('}', end) : end;
    const auto at = known.find(std::string(text.substr(begin, end - begin)));
    if (end == begin || close == std::string_view::npos) {
      out += text[i++];
      continue;
    }
    const std::size_t next = braces ? close + 1 : end;
    if (at != known.end() && !at->second.empty())
      out += at->second;
    else if (braces && text.substr(end, 2) == ":-")
      out += text.substr(end + 2, close - end - 2);
    else if (braces && text.substr(end, 1) == "-")
      out += text.substr(end + 1, close - end - 1);
    else
      out += text.substr(i, next - i);
    i = next;
  }
  return out;
}

/// A=b C="d e" F: words at blanks outside of quotes, the quotes taken off.
std::vector<std::string> unquoted_words(std::string_view rest) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < rest.size();) {
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
    out.push_back(std::move(word));
  }
  return out;
}

/// What still has a variable in it is left out.
void take_env(std::string_view rest, const variables& known, variables& out) {
  const std::vector<std::string> words = unquoted_words(rest);
  if (words.size() > 1 && !contains(words.front(), "=")) {
    // ENV NAME the rest of the line
    if (!contains(rest, "=")) out[words.front()] = expanded(trim(rest.substr(words.front().size())), known);
    return;
  }
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) return;
    const std::string text = expanded(std::string_view(word).substr(equals + 1), known);
    if (!contains(text, "$")) out[word.substr(0, equals)] = text;
  }
}

void take_args(std::string_view rest, const variables& global, variables& out) {
  for (const std::string& word : unquoted_words(rest)) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals != std::string::npos)
      out[name] = expanded(std::string_view(word).substr(equals + 1), out);
    else if (const auto at = global.find(name); at != global.end())
      out[name] = at->second;
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

std::uint16_t health_port_of(std::string_view command) {
  for (const std::string_view host : {"localhost:", "127.0.0.1:", "0.0.0.0:", "[::1]:"}) {
    const std::size_t at = command.find(host);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = command.substr(at + host.size());
    return port_of(rest.substr(0, rest.find_first_not_of("0123456789")));
  }
  return 0;
}

namespace {

/// What a stage has so far.
struct stage {
  dockerfile_facts facts;
  std::vector<std::string> entrypoint;
  std::vector<std::string> arguments;
  variables args;

  variables known() const {
    variables out = args;
    for (const auto& [name, text] : facts.env) out[name] = text;
    return out;
  }
};

void take_copied(const std::vector<std::string>& words, stage& into) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (!words[i].starts_with("--")) into.facts.copied.push_back(words[i]);
}

void take_instruction(std::string_view name, std::string_view rest, const variables& global, stage& now) {
  if (name == "expose") {
    // A second port beside that of SSH is the service's.
    constexpr std::uint16_t ssh = 22;
    for (const std::string& word : words_of(expanded(rest, now.known())))
      if (now.facts.port == 0 || now.facts.port == ssh) now.facts.port = port_of(word) != 0 ? port_of(word) : now.facts.port;
  } else if (name == "arg") {
    take_args(rest, global, now.args);
  } else if (name == "env") {
    take_env(rest, now.known(), now.facts.env);
  } else if (name == "workdir") {
    now.facts.workdir = expanded(rest, now.known());
  } else if (name == "copy") {
    take_copied(words_of(rest), now);
  } else if (name == "entrypoint") {
    now.entrypoint = command_of(rest);
    now.arguments.clear();
  } else if (name == "cmd") {
    now.arguments = command_of(rest);
  } else if (name == "healthcheck") {
    const std::string command = expanded(rest, now.known());
    now.facts.health = health_path_of(command);
    now.facts.health_port = health_port_of(command);
  }
}

}  // namespace

dockerfile_facts read_dockerfile(std::string_view text) {
  variables global;
  std::map<std::string, stage> named;
  std::vector<std::string> images;
  std::vector<dockerfile_run> runs;
  stage now;
  std::string now_is;
  bool begun = false;
  for (const std::string& line : instructions(text)) {
    const std::size_t blank = line.find_first_of(" \t");
    if (blank == std::string::npos) continue;
    const std::string name = lower(line.substr(0, blank));
    const std::string_view rest = trim(std::string_view(line).substr(blank));
    if (name == "arg" && !begun) {
      take_args(rest, {}, global);
      continue;
    }
    if (name == "run") {
      runs.push_back({expanded(rest, now.known()), now.facts.env});
      continue;
    }
    if (name != "from") {
      take_instruction(name, rest, global, now);
      continue;
    }
    begun = true;
    std::vector<std::string> words = words_of(expanded(rest, global));
    std::erase_if(words, [](const std::string& w) { return w.starts_with("--"); });
    if (words.empty()) continue;
    if (!now_is.empty()) named[now_is] = now;
    const auto base = named.find(lower(words.front()));
    if (base == named.end()) images.push_back(words.front());
    stage next = base == named.end() ? stage() : base->second;
    now = std::move(next);
    now_is = words.size() >= 3 && lower(words[1]) == "as" ? lower(words[2]) : "";
  }
  dockerfile_facts out = std::move(now.facts);
  out.images = std::move(images);
  out.runs = std::move(runs);
  out.command = std::move(now.entrypoint);
  // The shell form of ENTRYPOINT takes no arguments.
  const bool shell = !out.command.empty() && out.command.front() == "/bin/sh";
  if (!shell) out.command.insert(out.command.end(), now.arguments.begin(), now.arguments.end());
  return out;
}

}  // namespace peelbox::detect
