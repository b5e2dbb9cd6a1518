#include "engine/detect/copy_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

bool brings_everything(const analysis& work) {
  const std::string own = work.self.dir.empty() ? "." : work.self.dir + "/";
  return std::any_of(work.out.copy.begin(), work.out.copy.end(), [&](const spec::copy_entry& c) {
    return c.to == "/app/" && (c.from == own || c.from == "." || (c.from.ends_with('/') && own.starts_with(c.from)));
  });
}

void add(analysis& work, spec::copy_entry entry) {
  const bool known = std::any_of(work.out.copy.begin(), work.out.copy.end(), [&](const spec::copy_entry& c) { return c.to == entry.to; });
  if (!known) work.out.copy.push_back(std::move(entry));
}

bool is_result_of_build(std::string_view path) {
  constexpr std::array<std::string_view, 8> folders{"_build/", "bin/", "build/", "dist/", "out/", "publish/", "target/", "zig-out/"};
  return std::any_of(folders.begin(), folders.end(), [&](std::string_view f) { return path.starts_with(f); });
}

/// "build/install/a" of "build/install/a/bin/a"; "" when it is no launcher of a tree.
std::string_view tree_of(std::string_view path) {
  const std::size_t at = path.rfind("/bin/");
  return at == std::string_view::npos || !is_result_of_build(path) ? std::string_view() : path.substr(0, at);
}

/// Without "./"; "" for what is no path inside the service.
std::string relative(std::string_view word) {
  while (word.starts_with("./")) word.remove_prefix(2);
  const bool odd = word.empty() || word.front() == '/' || word.front() == '-' || word.find_first_of("$'\"{}()<>|&;\x01") != std::string_view::npos;
  return odd || contains(word, "..") ? "" : std::string(word);
}

}  // namespace

void copy_what_is_named(analysis& work, const std::vector<std::string>& words) {
  if (brings_everything(work)) return;
  std::vector<std::string> paths;
  for (const std::string& text : words)
    for (const std::string& word : words_of(text))
      for (const std::string_view part : split(word, ':'))
        paths.push_back(relative(part.substr(part.rfind('=') + 1)));
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    const std::string_view tree = tree_of(path);
    if (!tree.empty()) {
      add(work, {work.path(tree) + "/", fmt::format("/app/{}/", tree)});
    } else if (path.find('*') != std::string::npos) {
      if (is_result_of_build(path)) add(work, {work.path(path.ends_with("/*") ? path.substr(0, path.size() - 1) : path), fmt::format("/app/{}/", parent_of(path))});
    } else if (is_result_of_build(path) && contains(name_of(path), ".")) {
      add(work, {work.path(path), "/app/" + path});
    } else if (is_result_of_build(path) && !work.out.program.empty()) {
      continue;
    } else if (is_result_of_build(path)) {
      add(work, {work.path(path), "/app/" + path});
    } else if (work.has(path)) {
      add(work, {work.path(path), "/app/" + path});
    } else if (contains(path, "/") && work.files.has_directory(work.path(path))) {
      add(work, {work.path(path) + "/", fmt::format("/app/{}/", path)});
    }
  }
}

void copy_what_is_read(analysis& work, const std::vector<std::string>& sources, std::initializer_list<std::string_view> calls) {
  if (brings_everything(work)) return;
  const auto take = [&](std::string_view literal, std::string_view from) {
    std::string path = relative(literal);
    const std::size_t star = path.find_first_of("*?[");
    if (star != std::string::npos) path = parent_of(path.substr(0, star));
    while (path.ends_with('/')) path.pop_back();
    if (path.empty() || path == ".") return;
    const bool folder = work.files.has_directory(work.path(path));
    if (!folder && !work.has(path)) return;
    const std::string end = folder ? "/" : "";
    const std::size_t before = work.out.copy.size();
    add(work, {work.path(path) + end, "/app/" + path + end});
    if (work.out.copy.size() != before) work.because("files", path + end, std::string(from), confidence::likely);
  };
  for (const std::string& source : sources) {
    const std::string* text = work.files.read_source(source);
    if (!text || source.ends_with("_test.go")) continue;
    for (const std::string_view call : calls)
      for (std::size_t at = text->find(call); at != std::string::npos; at = text->find(call, at + 1)) {
        const std::string_view line = std::string_view(*text).substr(at, std::min(text->find('\n', at), text->size()) - at);
        // Each literal of the call: Static("/static", "./public").
        const std::string_view arguments = line.substr(0, line.find(')'));
        for (std::size_t quote = arguments.find('"'); quote != std::string_view::npos;) {
          const std::size_t close = arguments.find('"', quote + 1);
          if (close == std::string_view::npos) break;
          take(arguments.substr(quote + 1, close - quote - 1), fmt::format("{} in {}", call.substr(0, call.find('(')), source));
          quote = arguments.find('"', close + 1);
        }
      }
  }
  for (const std::string& path : work.hint.copied) take(path, work.hint.command_from.substr(work.hint.command_from.rfind(' ') + 1));
}

}  // namespace peelbox::detect
