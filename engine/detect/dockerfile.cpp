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
std::string with_variables(std::string_view text, const variables& known) {
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
    if (!contains(rest, "=")) out[words.front()] = with_variables(trim(rest.substr(words.front().size())), known);
    return;
  }
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) return;
    const std::string text = with_variables(std::string_view(word).substr(equals + 1), known);
    if (!contains(text, "$")) out[word.substr(0, equals)] = text;
  }
}

void take_args(std::string_view rest, const variables& global, variables& out) {
  for (const std::string& word : unquoted_words(rest)) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals != std::string::npos)
      out[name] = with_variables(std::string_view(word).substr(equals + 1), out);
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
  std::string image;
  bool fetches = false;
  bool uses_context = false;

  variables known() const {
    variables out = args;
    for (const auto& [name, text] : facts.env) out[name] = text;
    return out;
  }
};
using stages = std::map<std::string, stage>;

std::string absolute(std::string_view workdir, std::string_view path) {
  const std::string from = path.starts_with('/') ? std::string(path.substr(1)) : join(workdir.starts_with('/') ? workdir.substr(1) : workdir, path);
  return "/" + resolve("", from).value_or("");
}

/// What lies at `path` of a stage, by what was copied there; the last that was copied first.
std::vector<dockerfile_copy::origin> origins_in(const stage& where, const std::string& path) {
  std::vector<dockerfile_copy::origin> out;
  for (auto c = where.facts.copies.rbegin(); c != where.facts.copies.rend(); ++c) {
    const std::string_view top = c->to == "/" ? std::string_view() : std::string_view(c->to);
    if (path != c->to && !(path.starts_with(top) && path.substr(top.size()).starts_with('/'))) continue;
    const std::string rest = path.size() > top.size() ? path.substr(top.size() + 1) : "";
    for (const dockerfile_copy::origin& o : c->origins) out.push_back({o.path, join(o.below, rest)});
  }
  return out;
}

/// COPY and ADD.
void take_copied(std::string_view rest, const stages& named, stage& into) {
  constexpr std::size_t most = 400;
  std::vector<std::string> words;
  std::string source_stage;
  for (std::string& word : words_of(rest)) {
    if (word.starts_with("--from=")) source_stage = with_variables(word.substr(7), into.known());
    if (!word.starts_with("--")) words.push_back(std::move(word));
  }
  if (!words.empty() && words.front().starts_with('['))
    if (const auto list = parse_json(rest.substr(rest.find('['))); list.has_value()) words = list->texts();
  if (words.size() < 2 || into.facts.copies.size() > most) return;
  const std::string dest = with_variables(words.back(), into.known());
  words.pop_back();
  for (const std::string& word : words) {
    if (contains(word, "://")) continue;
    into.facts.copied.push_back(word);
    dockerfile_copy copy;
    copy.from = with_variables(word, into.known());
    copy.to = absolute(into.facts.workdir, dest);
    if (dest.ends_with('/') && contains(name_of(copy.from), ".") && !copy.from.ends_with('/')) copy.to = absolute(copy.to, name_of(copy.from));
    if (source_stage.empty()) {
      into.uses_context = true;
      // The context is the root: nothing lies above it.
      std::string_view inside = copy.from;
      while (inside.starts_with('/') || inside.starts_with("../")) inside.remove_prefix(inside.starts_with('/') ? 1 : 3);
      const auto path = resolve("", inside);
      if (path) copy.origins.push_back({*path, ""});
      if (path && name_of(*path) == ".git") into.facts.wants_history = true;
    } else if (const auto other = named.find(lower(source_stage)); other == named.end()) {
      copy.image = source_stage;
    } else {
      const stage& from = other->second;
      copy.of_stage = true;
      const std::string path = absolute("/", copy.from);
      copy.origins = origins_in(from, path);
      copy.fetched = from.fetches;
      if (!from.uses_context) copy.image = from.image;
      // A folder that manifests were copied into holds what a package manager has made of them.
      if (copy.origins.empty() && path != "/" && std::any_of(from.facts.copies.begin(), from.facts.copies.end(), [&](const dockerfile_copy& c) { return c.to.starts_with(path + "/"); })) continue;
      into.facts.wants_history = into.facts.wants_history || from.facts.wants_history;
      if (path == "/" && copy.to == "/") {
        into.facts.copies.insert(into.facts.copies.end(), from.facts.copies.begin(), from.facts.copies.end());
        into.uses_context = into.uses_context || from.uses_context;
        if (into.image == "scratch") into.image = from.image;
        continue;
      }
    }
    into.facts.copies.push_back(std::move(copy));
  }
}

void take_instruction(std::string_view name, std::string_view rest, const variables& global, const stages& named, stage& now) {
  if (name == "expose") {
    // A second port beside that of SSH is the service's.
    constexpr std::uint16_t ssh = 22;
    for (const std::string& word : words_of(with_variables(rest, now.known())))
      if (now.facts.port == 0 || now.facts.port == ssh) now.facts.port = port_of(word) != 0 ? port_of(word) : now.facts.port;
  } else if (name == "arg") {
    take_args(rest, global, now.args);
  } else if (name == "env") {
    take_env(rest, now.known(), now.facts.env);
  } else if (name == "workdir") {
    const std::string dir = with_variables(rest, now.known());
    now.facts.workdir = dir.starts_with('/') || contains(dir, "$") ? dir : absolute(now.facts.workdir, dir);
  } else if (name == "copy" || name == "add") {
    take_copied(rest, named, now);
  } else if (name == "entrypoint") {
    now.entrypoint = command_of(rest);
    now.arguments.clear();
  } else if (name == "cmd") {
    now.arguments = command_of(rest);
  } else if (name == "healthcheck") {
    const std::string command = with_variables(rest, now.known());
    now.facts.health = health_path_of(command);
    now.facts.health_port = health_port_of(command);
  }
}

}  // namespace

dockerfile_facts read_dockerfile(std::string_view text) {
  variables global;
  stages named;
  std::size_t number = 0;
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
      runs.push_back({with_variables(rest, now.known()), now.facts.env});
      for (const std::string_view tool : {"curl ", "wget ", "git clone"}) now.fetches = now.fetches || contains(rest, tool);
      continue;
    }
    if (name != "from") {
      take_instruction(name, rest, global, named, now);
      continue;
    }
    begun = true;
    std::vector<std::string> words = words_of(with_variables(rest, global));
    std::erase_if(words, [](const std::string& w) { return w.starts_with("--"); });
    if (words.empty()) continue;
    if (!now_is.empty()) named[now_is] = now;
    // Stages have numbers as well.
    if (number > 0) named[std::to_string(number - 1)] = now;
    ++number;
    const auto base = named.find(lower(words.front()));
    if (base == named.end()) images.push_back(words.front());
    stage next = base == named.end() ? stage() : base->second;
    if (base == named.end()) next.image = words.front();
    now = std::move(next);
    now_is = words.size() >= 3 && lower(words[1]) == "as" ? lower(words[2]) : "";
  }
  std::vector<dockerfile_move> moves;
  named[std::to_string(number > 0 ? number - 1 : 0)] = now;
  for (std::size_t i = 0; i < number; ++i) {
    const stage& s = named[std::to_string(i)];
    for (const dockerfile_copy& copy : s.facts.copies)
      if (copy.of_stage && !copy.origins.empty() && moves.size() < 200) moves.push_back({copy.origins, origins_in(s, copy.to)});
  }
  dockerfile_facts out = std::move(now.facts);
  out.base = std::move(now.image);
  out.moves = std::move(moves);
  out.images = std::move(images);
  out.runs = std::move(runs);
  out.command = std::move(now.entrypoint);
  // The shell form of ENTRYPOINT takes no arguments.
  const bool shell = !out.command.empty() && out.command.front() == "/bin/sh";
  if (!shell) out.command.insert(out.command.end(), now.arguments.begin(), now.arguments.end());
  return out;
}

}  // namespace peelbox::detect
