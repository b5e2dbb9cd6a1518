// Packages that the last stage of a Dockerfile installs: the programs that a service calls.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/detect/hint_files.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// Names in Debian and Alpine, and the tool of packages.cpp.
struct image_package {
  std::string_view name;
  std::string_view tool;
};
constexpr std::array known{
    image_package{"chromium", "chromium"},   image_package{"ffmpeg", "ffmpeg"},   image_package{"ghostscript", "ghostscript"}, image_package{"git", "git"},
    image_package{"graphicsmagick", "graphicsmagick"}, image_package{"imagemagick", "imagemagick"}, image_package{"imagemagick-7.q16", "imagemagick"}, image_package{"poppler-utils", "poppler"},
    image_package{"tesseract-ocr", "tesseract"}, image_package{"tzdata", "tzdata"},
};

/// What builds, what the image's own scripts want, and what other tables bring here.
bool is_of_the_image(std::string_view name) {
  constexpr std::array<std::string_view, 40> names{"apt-transport-https", "autoconf", "automake", "bash", "build-base", "build-essential", "bundler", "ca-certificates", "cargo", "cmake", "coreutils",
                                                   "curl", "dumb-init", "gcc", "g++", "gmp", "gnupg", "gosu", "iproute2", "jq", "less", "libc6-compat", "locales", "lsb-release", "make", "musl-dev", "netcat-openbsd",
                                                   "nodejs", "npm", "openssl", "pipx", "pkg-config", "procps", "shadow", "su-exec", "sudo", "tini", "unzip", "wget", "yarn"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.starts_with("lib") || name.ends_with("-dev") || name.ends_with("-libs") || name.starts_with("python3") ||
         name.starts_with("openjdk") || name.starts_with("ruby") || name.starts_with("php") || name.starts_with("fonts-") || name.starts_with("ttf-") || name.starts_with("font-") ||
         name.ends_with("-doc") || name.ends_with("-openrc") || name.starts_with(".");
}

/// Words behind "apt-get install" and "apk add" of the last stage, up to the end of the command.
std::vector<std::string> installed_in_last_stage(std::string_view text) {
  std::string stage;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view content = trim(line);
    if (lower(content.substr(0, 5)) == "from ") stage.clear();
    if (content.starts_with('#')) continue;
    stage += content;
    if (stage.ends_with('\\')) {
      stage.back() = ' ';
    } else {
      stage += " \n";
    }
  }
  std::vector<std::string> out;
  for (const std::string_view line : lines_of(stage)) {
    const std::vector<std::string> words = words_of(line);
    for (std::size_t i = 1; i < words.size(); ++i) {
      const bool installs = (words[i] == "add" && words[i - 1] == "apk") || (words[i] == "install" && (words[i - 1] == "apt-get" || words[i - 1] == "apt")) ||
                            (i > 1 && ((words[i] == "add" && words[i - 2] == "apk") || (words[i] == "install" && words[i - 2] == "apt-get")) && words[i - 1].starts_with('-'));
      if (!installs) continue;
      for (++i; i < words.size() && words[i] != "&&" && words[i] != "||" && words[i] != "|" && words[i] != ";"; ++i) {
        std::string name = words[i].substr(0, words[i].find_first_of("=<>~"));
        const bool last = name.ends_with(';');
        if (last) name.pop_back();
        if (!name.empty() && (is_word(name.front())) && name.find_first_of("$\"'{") == std::string::npos) out.push_back(std::move(name));
        if (last) break;
      }
    }
  }
  return out;
}

}  // namespace

std::string_view tool_of_program(std::string_view name) {
  const auto at = std::find_if(known.begin(), known.end(), [&](const image_package& r) { return r.name == name; });
  return at == known.end() ? std::string_view() : at->tool;
}

void take_packages_of_image(analysis& work) {
  const std::string* text = work.hint.copies_from.empty() ? nullptr : work.files.read(work.hint.copies_from);
  if (!text) return;
  std::vector<std::string> taken;
  std::vector<std::string> others;
  for (const std::string& name : installed_in_last_stage(*text)) {
    const std::string_view wanted = tool_of_program(name);
    if (wanted.empty()) {
      if (!is_of_the_image(name) && std::find(others.begin(), others.end(), name) == others.end()) others.push_back(name);
      continue;
    }
    const auto has = [&](const tool& t) { return t.name == wanted; };
    if (std::any_of(work.out.runtime_tools.begin(), work.out.runtime_tools.end(), has)) continue;
    work.needs_at_runtime(wanted);
    taken.push_back(name);
  }
  if (!taken.empty()) work.because("programs", fmt::format("{}", fmt::join(taken, " ")), work.hint.runs_from, confidence::likely);
  constexpr std::size_t most = 40;
  if (others.size() > most) others.resize(most);
  if (!others.empty()) work.because("programs", fmt::format("{} may have to be added to the packages", fmt::join(others, " ")), work.hint.runs_from, confidence::guess);
}

}  // namespace peelbox::detect
