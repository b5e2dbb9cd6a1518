#include "engine/filesync/filter.hpp"

#include <fmt/format.h>

#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

result<filter> filter::compile(rules r) {
  filter f;
  std::vector<std::string> own;
  own.reserve(r.own.size());
  for (const auto& line : r.own) {
    // Each line is tried alone first, so that a bad one is reported with its number.
    const auto alone = pattern_set::compile(std::span(&line.pattern, 1));
    if (!alone) {
      return line.line == 0 ? alone.error()
                            : alone.error().in(fmt::format("{} line {}", line.file, line.line));
    }
    own.push_back(line.pattern);
  }
  auto own_set = pattern_set::compile(own);
  if (!own_set) return own_set.error();
  auto include = pattern_set::compile(r.include);
  if (!include) return include.error().in("include patterns of the request");
  auto exclude = pattern_set::compile(r.exclude);
  if (!exclude) return exclude.error().in("exclude patterns of the request");
  f.own_ = std::move(*own_set);
  f.selects_ = !r.include.empty();
  f.include_ = std::move(*include);
  f.exclude_ = std::move(*exclude);
  f.own_lines_ = std::move(r.own);
  f.include_lines_ = std::move(r.include);
  f.exclude_lines_ = std::move(r.exclude);
  f.gitignore_ = r.gitignore;
  f.repositories_ = std::move(r.repositories);
  return f;
}

filter::verdict filter::judge(std::string_view path, bool is_directory, const scope& outer,
                              scope& inner) const {
  bool send = true;
  // Without rules, counting references to an object that all threads share would be most of the cost.
  if (is_directory) {
    inner.git = outer.git;
    inner.git_ignored = false;
  }
  if (outer.git && (outer.git_ignored || outer.git->decide(path, is_directory).ignored())) {
    switch (outer.git->tracked(path)) {
      case git_tracked::answer::no: return verdict::skip;
      case git_tracked::answer::below:
        if (!is_directory) return verdict::skip;
        inner.git_ignored = true;
        send = false;
        break;
      case git_tracked::answer::file:
      case git_tracked::answer::repository: break;
    }
  }
  if (!own_.empty() && own_.matches(path, outer.own, inner.own)) {
    if (!is_directory || !own_.may_match_below(path, true)) return verdict::skip;
    send = false;
  }
  if (selects_ && !include_.matches(path, outer.include, inner.include)) {
    if (!is_directory || !include_.may_match_below(path, false)) return verdict::skip;
    send = false;
  }
  if (!exclude_.empty() && exclude_.matches(path, outer.exclude, inner.exclude)) {
    if (!is_directory || !exclude_.may_match_below(path, true)) return verdict::skip;
    send = false;
  }
  return send ? verdict::send : verdict::look_inside;
}

deciding_rule filter::decide(std::string_view path, bool is_directory, const scope& outer) const {
  using kind = deciding_rule::kind;
  deciding_rule sending;
  if (outer.git) {
    const auto found = outer.git->decide(path, is_directory);
    if (found.rule != nullptr)
      sending = {kind::gitignore, !found.ignored(), std::string(found.file), found.rule->line, found.rule->text};
    if (outer.git_ignored || found.ignored()) {
      if (!found.ignored()) sending = {};  // what counts is the rule that ignores its directory
      const auto tracked = outer.git->tracked(path);
      sending.sends = tracked == git_tracked::answer::file || tracked == git_tracked::answer::repository;
      sending.from = sending.sends ? kind::tracked : kind::gitignore;
      if (!sending.sends) return sending;
    }
  }
  pattern_set::parent_info unused;
  if (!own_.empty()) {
    const bool matched = own_.matches(path, outer.own, unused);
    if (const auto index = own_.deciding(path, outer.own)) {
      const ignore_line& line = own_lines_[*index];
      sending = {line.line == 0 ? kind::pattern : kind::dockerignore, !matched, line.file, line.line, line.text};
      if (matched) return sending;
    }
  }
  if (selects_) {
    const bool matched = include_.matches(path, outer.include, unused);
    const auto index = include_.deciding(path, outer.include);
    if (!matched || sending.from == kind::none)
      sending = {kind::include, matched, "", 0, index ? include_lines_[*index] : std::string()};
    if (!matched) return sending;
  }
  if (!exclude_.empty() && exclude_.matches(path, outer.exclude, unused))
    return {kind::exclude, false, "", 0, exclude_lines_[exclude_.deciding(path, outer.exclude).value_or(0)]};
  return sending;
}

std::string deciding_rule::describe() const {
  switch (from) {
    case kind::none: return "no rule applies";
    case kind::tracked:
      return text.empty() ? "git tracks it" : fmt::format("git tracks it, whatever {} line {} says: {}", file, line, text);
    case kind::gitignore:
      if (text.empty()) return "git ignores its directory and does not track it";
      [[fallthrough]];
    case kind::dockerignore: return fmt::format("{} line {}: {}", file, line, text);
    case kind::pattern: return "built-in rule: " + text;
    case kind::include:
      return text.empty() ? "no include pattern of the request matches" : "include pattern of the request: " + text;
    case kind::exclude: return "exclude pattern of the request: " + text;
  }
  return {};
}

}  // namespace peelbox::filesync
