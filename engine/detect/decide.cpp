// One place where every contested field gets its value.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/detect/copy_plan.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/phases.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

std::string shown(std::uint16_t port) { return std::to_string(port); }
std::string shown(const std::string& path) { return path; }
std::string shown(const way_to_start& start) {
  const auto& w = start.words;
  if (w.size() == 3 && w[0] == "/bin/sh" && w[1] == "-c") return w[2].starts_with("exec ") ? w[2].substr(5) : w[2];
  return fmt::format("{}", fmt::join(w, " "));
}

confidence less_sure(confidence how) { return how == confidence::certain ? confidence::likely : confidence::guess; }

/// The decision with what speaks against it. A loser with another value that is `strong` makes it less sure.
template <class T, class Strong>
reason decided(std::string_view what, const contest<T>& all, const finding<T>& winner, Strong strong) {
  reason out{std::string(what), shown(winner.value), winner.from, winner.how, {}};
  bool disputed = false;
  for (const finding<T>& loser : all.all()) {
    const std::string value = shown(loser.value);
    if (value == out.value) continue;
    out.against.push_back(fmt::format("{} ({})", value, loser.from));
    disputed = disputed || strong(loser);
  }
  if (disputed) out.how = less_sure(out.how);
  return out;
}

void put(std::string& text, std::string_view port) {
  for (std::size_t at = text.find(port_mark); at != std::string::npos; at = text.find(port_mark, at + port.size()))
    text.replace(at, port_mark.size(), port);
}

/// The first word of each command in the words of a start: behind "&&", ";" and "exec" as well.
template <class Visit>
void each_program(std::vector<std::string>& words, Visit visit) {
  if (words.size() != 3 || words[0] != "/bin/sh" || words[1] != "-c") return visit(words.front());
  std::string& text = words[2];
  bool first = true;
  for (std::size_t at = text.find_first_not_of(' '), end = 0; at != std::string::npos; at = text.find_first_not_of(' ', end)) {
    end = std::min(text.find(' ', at), text.size());
    std::string word = text.substr(at, end - at);
    const bool separates = word == "&&" || word == "||" || word == "exec" || word.ends_with(';');
    if (first && !separates && !contains(word, "=")) {
      visit(word);
      text.replace(at, end - at, word);
      end = at + word.size();
      first = false;
    }
    if (separates) first = true;
  }
}

/// Programs that are packages of the distribution, where another one than the build system's own is called.
void add_tools_of_command(analysis& work, std::vector<std::string>& words) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> tools{{
      {"bash", "shell"}, {"bun", "bun"}, {"bundle", "bundler"}, {"bunx", "bun"}, {"caddy", "caddy"}, {"deno", "deno"}, {"java", "jre"},
      {"node", "node"},  {"npm", "npm"}, {"npx", "npm"},        {"perl", "perl"}, {"php", "php"},    {"pnpm", "pnpm"}, {"yarn", "yarn"}}};
  draft& d = work.out;
  each_program(words, [&](std::string& word) {
    for (const auto& [program, name] : tools) {
      if (word != program) continue;
      const auto same = [n = name](const tool& t) { return t.name == n; };
      if (std::any_of(d.runtime_tools.begin(), d.runtime_tools.end(), same)) continue;
      const auto built_with = std::find_if(d.build_tools.begin(), d.build_tools.end(), same);
      work.needs_at_runtime(name, built_with == d.build_tools.end() ? "" : built_with->version);
    }
  });
}

/// What others call "./bin/api" or "/srv/api" is where our build puts it.
void name_our_program(const draft& d, std::vector<std::string>& words) {
  if (d.program.empty()) return;
  each_program(words, [&](std::string& word) {
    if (word != d.program && name_of(word) == name_of(d.program)) word = d.program;
  });
}

void decide_start(analysis& work) {
  draft& d = work.out;
  const finding<way_to_start>& winner = *d.start.winner();
  d.command = winner.value.words;
  name_our_program(d, d.command);
  d.build_commands = d.commands.size();
  d.commands.insert(d.commands.end(), winner.value.commands.begin(), winner.value.commands.end());
  d.copy.insert(d.copy.end(), winner.value.copy.begin(), winner.value.copy.end());
  add_tools_of_command(work, d.command);
  copy_what_is_named(work, d.command);
  // Of a program that the build makes another reason tells already.
  if (d.command.size() == 1 && d.command.front() == d.program) return;
  d.reasons.push_back(decided("command", d.start, winner, [&](const finding<way_to_start>& loser) { return loser.of == winner.of; }));
}

void decide_port(analysis& work) {
  draft& d = work.out;
  const std::string_view from = d.start.winner()->from;
  if (const std::uint16_t told = port_in_command(fmt::format("{}", fmt::join(d.command, " "))); told != 0) {
    const finding<std::uint16_t> winner{told, rank::configured, std::string(from), confidence::certain};
    d.ports = {told};
    d.reasons.push_back(decided("port", d.port, winner, [](const auto&) { return false; }));
    return;
  }
  constexpr std::uint16_t fallback = 8080;
  if (d.port.empty() && !d.port_variable_from.empty()) work.listens(rank::framework, fallback, "PORT, read in " + d.port_variable_from, confidence::guess);
  const finding<std::uint16_t>* winner = d.port.winner();
  if (!winner) return;
  d.ports = {winner->value};
  // A program listens where it is told, if it asks; what it says itself is then only its default.
  const bool is_told = !d.port_variable_from.empty() || std::any_of(d.command.begin(), d.command.end(), [](const std::string& w) { return contains(w, port_mark); });
  d.reasons.push_back(decided("port", d.port, *winner, [&](const finding<std::uint16_t>& loser) { return !is_told && loser.of >= rank::source; }));
}

}  // namespace

void decide(analysis& work) {
  draft& d = work.out;
  if (d.has_procfile) d.no_service.clear();
  if (d.start.empty() && d.no_service.empty()) d.no_service = d.nothing_to_start.empty() ? "nothing to start was found" : d.nothing_to_start;
  if (!d.no_service.empty()) return;
  decide_start(work);
  decide_port(work);
  const std::string port = d.ports.empty() ? "" : std::to_string(d.ports.front());
  for (std::string& word : d.command) put(word, port);
  for (std::string& command : d.commands) put(command, port);
  for (reason& r : d.reasons) {
    put(r.value, port);
    for (std::string& a : r.against) put(a, port);
  }
  for (auto& [name, text] : d.port_env) {
    put(text, port);
    if (!port.empty()) d.runtime_env.emplace(name, text);
  }
  if (port.empty() && work.all.size() > 1 && !d.has_procfile && work.hint.command.empty() && d.start.winner()->of <= rank::source)
    d.reasons.push_back({"kind", "a worker, or a tool that somebody calls: nothing shows a port", work.self.manifest, confidence::guess, {}});
  if (port.empty()) return;
  if (!d.port_variable_from.empty()) d.runtime_env.emplace("PORT", port);
  if (const finding<std::string>* health = d.health_path.winner()) {
    d.health = health->value;
    d.reasons.push_back(decided("health", d.health_path, *health, [&](const auto& loser) { return loser.of == health->of; }));
  }
}

}  // namespace peelbox::detect
