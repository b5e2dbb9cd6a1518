#include "engine/detect/hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return error == std::errc() && (rest.empty() || rest == "/tcp") ? port : std::uint16_t{0};
}

/// "8080:3000", "127.0.0.1:80:3000", "3000" and {target: 3000} -> 3000.
std::uint16_t container_port(const value& entry) {
  if (entry.is(value::kind::object)) return port_of(entry["target"].text);
  return port_of(std::string_view(entry.text).substr(entry.text.rfind(':') + 1));
}

/// The port of the compose service that is built from the service's directory.
std::uint16_t compose_port(analysis& work, const std::string& path) {
  const std::string* text = work.files.read(path);
  if (!text) return 0;
  const auto tree = parse_yaml(*text);
  if (tree.has_error()) {
    work.files.add_note(path, tree.error().text);
    return 0;
  }
  for (const auto& [name, service] : (*tree)["services"].members) {
    const value& build = service["build"];
    const std::string& context = build.is(value::kind::object) ? build["context"].text : build.text;
    if (context.empty() || resolve(parent_of(path), context) != work.self.dir) continue;
    for (const value& entry : service["ports"].items)
      if (const std::uint16_t port = container_port(entry); port != 0) return port;
  }
  return 0;
}

}  // namespace

dockerfile_facts read_dockerfile(std::string_view text) {
  dockerfile_facts out;
  std::string line;
  for (const std::string_view raw : lines_of(text)) {
    const std::string_view piece = trim(raw);
    if (piece.starts_with('#')) continue;
    line += piece;
    if (line.ends_with('\\')) {
      line.back() = ' ';
      continue;
    }
    const std::vector<std::string> words = words_of(line);
    line.clear();
    if (words.size() < 2) continue;
    const std::string instruction = lower(words[0]);
    if (instruction == "from") {
      out = {};
    } else if (instruction == "expose" && out.port == 0) {
      out.port = port_of(words[1]);
    } else if (instruction == "env") {
      for (std::size_t i = 1; i < words.size(); ++i) {
        const std::size_t equals = words[i].find('=');
        if (equals != std::string::npos && words[i].find_first_of("\"'$") == std::string::npos)
          out.env[words[i].substr(0, equals)] = words[i].substr(equals + 1);
      }
    }
  }
  return out;
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

void take_hints(analysis& work) {
  if (const std::string* text = work.read("Dockerfile")) {
    const dockerfile_facts facts = read_dockerfile(*text);
    if (facts.port != 0) {
      work.hinted_port = facts.port;
      work.hinted_from = "EXPOSE in " + work.path("Dockerfile");
      return;
    }
  }
  for (const char* name : {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}) {
    const std::string path = work.first_upwards({name});
    if (path.empty()) continue;
    if (const std::uint16_t port = compose_port(work, path); port != 0) {
      work.hinted_port = port;
      work.hinted_from = path;
      return;
    }
  }
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

void apply_procfile(analysis& work) {
  const std::string* text = work.read("Procfile");
  if (!text) return;
  const auto types = read_procfile(*text);
  auto chosen = types.find("web");
  if (chosen == types.end() && types.size() == 1) chosen = types.begin();
  if (chosen == types.end()) return;
  constexpr std::uint16_t fallback = 8080;
  work.out.command = as_command(chosen->second);
  work.out.no_service.clear();
  std::erase_if(work.out.reasons, [](const reason& r) { return r.what == "command"; });
  work.because("command", chosen->second, fmt::format("{} in {}", chosen->first, work.path("Procfile")));
  if (!contains(chosen->second, "$PORT") && !contains(chosen->second, "${PORT")) return;
  work.listens(fallback, "PORT in " + work.path("Procfile"), confidence::likely);
  work.out.runtime_env["PORT"] = std::to_string(work.out.ports.front());
}

}  // namespace peelbox::detect
