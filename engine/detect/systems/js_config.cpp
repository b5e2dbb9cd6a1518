#include "engine/detect/systems/js_config.hpp"

#include <fmt/format.h>

#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// What stands behind `key:` at or behind `at`, up to the end of the line; `at` moves behind it, or to npos.
std::string_view value_of(std::string_view text, std::string_view key, std::size_t& at) {
  while (true) {
    at = text.find(key, at);
    if (at == std::string_view::npos) return {};
    const bool whole = at == 0 || !is_word(text[at - 1]);
    std::size_t next = at + key.size();
    at = next;
    if (next < text.size() && (text[next] == '"' || text[next] == '\'')) ++next;
    next = text.find_first_not_of(" \t", next);
    if (!whole || next == std::string_view::npos || text[next] != ':') continue;
    next = text.find_first_not_of(" \t\n", next + 1);
    if (next == std::string_view::npos) continue;
    at = next;
    return text.substr(next, text.find('\n', next) - next);
  }
}

bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

/// The literal at the beginning; "" when it is no literal.
std::string literal(std::string_view text) {
  if (text.empty() || !is_quote(text.front())) return {};
  const std::size_t close = text.find(text.front(), 1);
  const std::string_view inner = text.substr(1, close == std::string_view::npos ? 0 : close - 1);
  return contains(inner, "${") ? "" : std::string(inner);
}

std::string literal_of(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at != std::string_view::npos;)
    if (std::string found = literal(value_of(text, key, at)); !found.empty()) return found;
  return {};
}

}  // namespace

std::string js_config_text(analysis& work, std::initializer_list<std::string_view> files, std::string_view key) {
  for (const std::string_view file : files)
    if (const std::string* text = work.read(file))
      if (std::string found = literal_of(*text, key); !found.empty()) return found;
  return {};
}

bool js_config_says(analysis& work, std::initializer_list<std::string_view> files, std::string_view key, std::string_view wanted) {
  for (const std::string_view file : files) {
    const std::string* text = work.read(file);
    if (!text) continue;
    for (std::size_t at = 0; at != std::string::npos;) {
      const std::string_view found = value_of(*text, key, at);
      if (literal(found) == wanted || (found.starts_with(wanted) && (found.size() == wanted.size() || !is_word(found[wanted.size()])))) return true;
    }
  }
  return false;
}

svelte_adapter find_svelte_adapter(analysis& work, const std::set<std::string>& dependencies) {
  constexpr std::string_view prefix = "@sveltejs/adapter-";
  svelte_adapter out;
  for (const std::string& d : dependencies)
    if (d.starts_with(prefix)) out.name = out.name.empty() ? d.substr(prefix.size()) : "several";
  for (const char* file : {"svelte.config.js", "svelte.config.ts", "svelte.config.mjs"}) {
    const std::string* text = work.read(file);
    if (!text) continue;
    std::size_t at = 0;
    std::string_view chosen = value_of(*text, "adapter", at);
    // `condition ? a() : b()` is b() in a build that sets nothing.
    const std::size_t otherwise = contains(chosen, "?") ? chosen.rfind(':') : std::string_view::npos;
    if (otherwise != std::string_view::npos) chosen = trim(chosen.substr(otherwise + 1));
    const std::string function(trim(chosen.substr(0, chosen.find('('))));
    // import FUNCTION from "@sveltejs/adapter-NAME"
    for (const std::string_view statement : split(*text, ';'))
      for (const std::string_view line : lines_of(statement)) {
        const auto words = words_of(line);
        if (words.size() < 4 || words[0] != "import" || words[1] != function || words[2] != "from") continue;
        if (const std::string from = quoted_after(line).value_or(""); from.starts_with(prefix)) out.name = from.substr(prefix.size());
      }
    out.out = literal_of(*text, out.name == "static" ? "pages" : "out");
    out.fallback = literal_of(*text, "fallback");
    break;
  }
  return out;
}

}  // namespace peelbox::detect
