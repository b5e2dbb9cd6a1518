#include "engine/detect/command_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "engine/detect/model.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

bool is_port_end(std::string_view text, std::size_t at) {
  return at >= text.size() || std::string_view(" \t\"'/").find(text[at]) != std::string_view::npos;
}

/// The number behind the last colon of the word that begins at `at`.
std::uint16_t port_of_word(std::string_view text, std::size_t at) {
  const std::size_t scheme = text.find("://", at);
  if (scheme < text.find(' ', at)) at = scheme + 3;
  const std::size_t end = std::min(text.find_first_of(" \t\"'/", at), text.size());
  const std::string_view word = text.substr(at, end - at);
  return port_of(word.substr(word.rfind(':') + 1));
}

}  // namespace

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return error == std::errc() && (rest.empty() || rest == "/tcp") ? port : std::uint16_t{0};
}

std::uint16_t port_in_command(std::string_view text) {
  constexpr std::array<std::string_view, 10> options{"--port", "--server.port", "--server-port", "--http-port", "--bind", "--listen", "--addr", "-p", "-b", "-l"};
  // `mkdir -p 3` tells no port.
  if (contains(text, "mkdir ")) return 0;
  for (const std::string_view option : options) {
    for (std::size_t at = text.find(option); at != std::string_view::npos; at = text.find(option, at + 1)) {
      std::size_t next = at + option.size();
      if (at > 0 && text[at - 1] != ' ') continue;
      if (next >= text.size() || (text[next] != ' ' && text[next] != '=' && (option.size() > 2 || !is_digit(text[next])))) continue;
      while (next < text.size() && (text[next] == ' ' || text[next] == '=' || text[next] == '"' || text[next] == '\'')) ++next;
      const std::uint16_t port = port_of_word(text, next);
      // "-p 4" is a number of processes.
      if (port >= (option.size() > 2 ? 1 : 80)) return port;
    }
  }
  for (std::size_t at = text.find("PORT="); at != std::string_view::npos; at = text.find("PORT=", at + 1))
    if (at == 0 || text[at - 1] == ' ')
      if (const std::uint16_t port = port_of_word(text, at + 5); port != 0 && is_port_end(text, text.find_first_not_of("0123456789", at + 5))) return port;
  return 0;
}

std::map<std::string, std::string> read_procfile(std::string_view text) {
  std::map<std::string, std::string> out;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || trim(line).starts_with('#')) continue;
    const std::string_view name = trim(line.substr(0, colon));
    const std::string_view command = trim(line.substr(colon + 1));
    if (!name.empty() && !command.empty() && name.find(' ') == std::string_view::npos)
      out.emplace(name, command);
  }
  return out;
}

std::vector<std::string> as_command(std::string_view shell_text) {
  const bool plain = std::all_of(shell_text.begin(), shell_text.end(), [](char c) {
    return is_word(c) || std::string_view(" -./@:+,%=").find(c) != std::string_view::npos;
  });
  const std::vector<std::string> words = words_of(shell_text);
  if (plain && !words.empty() && !contains(words.front(), "=")) return words;
  const bool simple = shell_text.find_first_of(";|&()<>\n") == std::string_view::npos && !words.empty() &&
                      !contains(words.front(), "=");
  return {"/bin/sh", "-c", (simple ? "exec " : "") + std::string(shell_text)};
}

std::vector<std::string> without_init(std::vector<std::string> words) {
  constexpr std::array<std::string_view, 4> inits{"catatonit", "dumb-init", "docker-init", "tini"};
  if (words.size() < 2 || std::find(inits.begin(), inits.end(), name_of(words.front())) == inits.end()) return words;
  auto at = words.begin() + 1;
  while (at != words.end() && at->starts_with('-')) ++at;
  words.erase(words.begin(), at);
  return words;
}

std::vector<std::string> in_directory(std::string_view dir, std::vector<std::string> words) {
  if (dir == "/app") return words;
  if (words.size() == 2 && words[0] == "node" && words[1].front() != '-') return {"node", join(dir, words[1])};
  const bool shell = words.size() == 3 && words[0] == "/bin/sh" && words[1] == "-c";
  std::string text = shell ? words[2] : "exec";
  if (!shell)
    for (const std::string& word : words) text += " " + (contains(word, port_mark) ? word : shell_word(word));
  return {"/bin/sh", "-c", fmt::format("cd {} && {}", shell_word(dir), text)};
}

}  // namespace peelbox::detect
