#include "engine/detect/readme.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/detect/hint_files.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

bool says_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view w) { return contains(text, w); });
}

/// Words of prose, without the addresses of links: "[FFmpeg](https://…)" is "ffmpeg".
std::set<std::string> words_of_prose(std::string_view line) {
  std::set<std::string> out;
  std::string word;
  bool address = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    const char c = i < line.size() ? line[i] : ' ';
    if (c == '(' && i > 0 && line[i - 1] == ']') address = true;
    if (!address && (is_word(c) || c == '-')) {
      word += c;
      continue;
    }
    if (c == ')') address = false;
    if (!word.empty()) out.insert(lower(word));
    word.clear();
  }
  return out;
}

/// The places behind `mark` where a name of GitHub stands: "shop/shop-web".
std::set<std::string> linked_repositories(std::string_view text) {
  constexpr std::string_view mark = "github.com/";
  std::set<std::string> out;
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    const std::string_view rest = text.substr(at + mark.size());
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) continue;
    std::size_t end = slash + 1;
    while (end < rest.size() && (is_word(rest[end]) || rest[end] == '-' || rest[end] == '.')) ++end;
    std::string name(rest.substr(0, end));
    if (name.ends_with(".git")) name.resize(name.size() - 4);
    while (name.ends_with('.')) name.pop_back();
    out.insert(std::move(name));
  }
  return out;
}

constexpr std::array<std::string_view, 6> of_pages{"-client", "-dashboard", "-frontend", "-ui", "-web", "-webui"};

void tell(found_service& service, reason why) {
  std::string& reasoning = service.spec.metadata.reasoning;
  reasoning += fmt::format("; {} {} ({}, {})", why.what, why.value, why.from, to_string(why.how));
  service.reasons.push_back(std::move(why));
}

}  // namespace

std::vector<std::string> programs_asked_for(std::string_view readme) {
  std::vector<std::string> out;
  bool listed = false;
  bool code = false;
  for (const std::string_view raw : lines_of(readme)) {
    const std::string_view line = trim(raw);
    if (line.starts_with("```")) code = !code;
    if (code) continue;
    const std::string text = lower(line);
    if (line.starts_with('#')) listed = says_any(text, {"requirement", "prerequisite", "dependencies"});
    const bool told = contains(text, "install") && says_any(text, {"must", "need", "require", "depend"});
    const bool item = listed && (line.starts_with("- ") || line.starts_with("* "));
    if ((!told && !item) || says_any(text, {"optional", "docker"})) continue;
    for (const std::string& word : words_of_prose(line))
      if (const std::string_view tool = tool_of_program(word); !tool.empty() && tool != "git" && tool != "tzdata" && std::find(out.begin(), out.end(), tool) == out.end()) out.emplace_back(tool);
  }
  return out;
}

std::string repository_of_pages(std::string_view readme) {
  const std::set<std::string> linked = linked_repositories(readme);
  for (const std::string& name : linked)
    for (const std::string_view end : of_pages)
      if (name.ends_with(end) && linked.contains(name.substr(0, name.size() - end.size()))) return name;
  return {};
}

void take_readme(repository& files, detection& found, const options& how) {
  if (found.services.size() != 1 || !files.dockerfiles().empty()) return;
  found_service& service = found.services.front();
  const bool is_site = !service.spec.runtime.command.empty() && service.spec.runtime.command.front() == "caddy";
  const std::string path = "README.md";
  const std::string* text = files.has_evidence(path) && !is_site ? files.read(path) : nullptr;
  if (!text) return;
  std::vector<std::string> added;
  for (const std::string& program : programs_asked_for(*text))
    for (const std::string& name : resolve({program, ""}, how.target, how.index).names) {
      std::vector<std::string>& packages = service.spec.runtime.packages;
      if (std::find(packages.begin(), packages.end(), name) != packages.end()) continue;
      packages.push_back(name);
      added.push_back(name);
    }
  if (!added.empty()) tell(service, {"programs", fmt::format("{}", fmt::join(added, " ")), path, confidence::guess, {}});
  const std::string pages = repository_of_pages(*text);
  const bool has_pages = std::any_of(service.reasons.begin(), service.reasons.end(), [](const reason& r) { return r.what == "part"; });
  if (pages.empty() || has_pages) return;
  const std::string what = fmt::format("pages, which may be those of the repository {}", pages);
  tell(service, {"missing", what, path, confidence::guess, {}});
  files.add_note(path, "is not in the image: " + what);
}

}  // namespace peelbox::detect
