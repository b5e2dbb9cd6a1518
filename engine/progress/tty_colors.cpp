#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "engine/async/ascii.hpp"
#include "engine/progress/renderer.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {
namespace {

// In the order of the codes 30 to 37 and 90 to 97 (ECMA-48 SGR; the second row is aixterm's).
constexpr std::array<std::string_view, 8> names{"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"};

// "255,165,0": the nearest of the 216 colours that terminals with 256 have, since not all have more.
std::optional<std::string> code_of_rgb(std::string_view text) {
  unsigned cell = 0;
  for (int part = 0; part < 3; ++part) {
    const std::size_t comma = text.find(',');
    if ((comma == text.npos) != (part == 2)) return std::nullopt;
    const std::string_view number = text.substr(0, comma);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size() || value > 255) return std::nullopt;
    cell = cell * 6 + (value * 5 + 127) / 255;
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
  return "\x1b[38;5;" + std::to_string(16 + cell) + "m";
}

std::optional<std::string> code_of(std::string_view text) {
  if (text.find(',') != text.npos) return code_of_rgb(text);
  const std::string name = lower(text);
  if (name == "default") return "\x1b[39m";
  const bool light = name.starts_with("light-");
  const auto found = std::find(names.begin(), names.end(), std::string_view(name).substr(light ? 6 : 0));
  if (found == names.end()) return std::nullopt;
  return "\x1b[" + std::to_string((light ? 90 : 30) + (found - names.begin())) + "m";
}

}  // namespace

std::vector<std::string> choose_colors(std::string_view chosen, tty_colors& colors) {
  std::vector<std::string> ignored;
  const auto ignore = [&](std::string_view part, std::string_view why) {
    ignored.push_back("BUILDKIT_COLORS: \"" + sanitize_line(part, 64) + "\" is ignored: " + std::string(why));
  };
  while (!chosen.empty()) {
    const std::string_view part = chosen.substr(0, chosen.find(':'));
    chosen.remove_prefix(std::min(part.size() + 1, chosen.size()));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const std::string field = lower(part.substr(0, equals));
    std::string* const to = field == "run"       ? &colors.done
                            : field == "error"   ? &colors.failed
                            : field == "cancel"  ? &colors.cancelled
                            : field == "warning" ? &colors.warning
                                                 : nullptr;
    if (equals == part.npos || to == nullptr) {
      ignore(part, "the fields are run, warning, error and cancel, as in run=green");
      continue;
    }
    if (auto code = code_of(part.substr(equals + 1))) *to = std::move(*code);
    else
      ignore(part, "a colour is default, black, red, green, yellow, blue, magenta, cyan or white, light- and one of these, or "
                   "three numbers up to 255 as in 255,165,0");
  }
  return ignored;
}

tty_colors colors_for(const char* colorfgbg) {
  const std::string_view all = colorfgbg == nullptr ? std::string_view() : colorfgbg;
  const std::size_t last = all.rfind(';');
  const std::string_view background = last == std::string_view::npos ? std::string_view() : all.substr(last + 1);
  tty_colors colors;
  colors.faint = "\x1b[2m";
  if (background == "7" || background == "15") {  // light
    colors.done = "\x1b[34m";
    colors.failed = "\x1b[31m";
    colors.cancelled = "\x1b[35m";
  } else if (background.size() == 1) {  // 0 to 6 and 8: dark
    colors.done = "\x1b[36m";
    colors.failed = "\x1b[91m";
    colors.cancelled = "\x1b[33m";
  } else {
    colors.done = "\x1b[32m";
    colors.failed = "\x1b[31m";
    colors.cancelled = "\x1b[35m";
  }
  colors.warning = colors.cancelled;
  return colors;
}

}  // namespace peelbox::progress
