// Lists of patterns as .dockerignore, include-patterns and exclude-patterns use them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/filesync/path_regex.hpp"

namespace peelbox::filesync {

/// A compiled list with the meaning of github.com/moby/patternmatcher, oddities included, because the
/// daemon's cache keys and people's ignore files rely on it:
///  - white space around a pattern and empty patterns are ignored;
///  - a pattern is cleaned (clean_path) before its leading '!' (negation) is read; a leading '/' is kept, so it
///    never matches;
///  - "**" and the characters right before and after it decide between comparing (exact, prefix, suffix) and a regular
///    expression. So "**foo" also matches "xfoo", and "foo/**" does not match
///    "foo";
///  - '+', '(', ')', '{', '}', '|' and '$' are plain characters, as the reference means it; its releases so far leave
///  '{', '}' and '|' to the regular expression (escapeBytes in patternmatcher.go has too few bits), so there "a|b*" is
///  "what begins with a, or ends with b and more";
///  - the last pattern that applies decides; what matched a directory holds for everything below it.
///
/// Immutable after compile(), so any number of threads may match. Cost per path hardly grows with the number
/// of patterns: literal ones are found by hashing, the others by their first or last byte.
class pattern_set {
 public:
  /// Which patterns applied to a path. The children of a directory are matched with that of the
  /// directory.
  class parent_info {
   public:
    bool known() const noexcept { return known_; }

   private:
    friend class pattern_set;
    bool known_ = false;
    std::vector<std::uint64_t> bits_;
  };

  pattern_set() = default;
  /// failure{usage} names the pattern.
  static result<pattern_set> compile(std::span<const std::string> patterns);

  bool empty() const noexcept { return rules_.empty(); }

  /// Whether the path matches. `parent` is the information of its nearest directory, an unknown one for
  /// top-level paths (MatchesUsingParentResults). Without parent information every directory above the path
  /// is tried as well. `info` is overwritten; it may not be the same object as `parent`.
  bool matches(std::string_view path, const parent_info& parent, parent_info& info) const;
  bool matches(std::string_view path) const;

  /// Whether a pattern of this kind can match some path below the directory by itself. A directory that does
  /// not match and below which no positive pattern can match has nothing that matches; one that matches and
  /// below which no negated pattern can match has nothing that does not.
  bool may_match_below(std::string_view directory, bool negated) const;

  /// Index in the list given to compile() of the pattern that decided, for explanations; std::nullopt when
  /// none applied.
  std::optional<std::size_t> deciding(std::string_view path, const parent_info& parent) const;

 private:
  enum class kind : std::uint8_t { exact, prefix, suffix, regex };
  struct rule {
    kind type = kind::exact;
    bool negated = false;
    std::string text;  // what is compared; for suffix without "**", for prefix without trailing "**"
    std::size_t source = 0;
    path_regex regex;
  };

  static result<std::optional<rule>> make_rule(std::string_view line);
  void index();
  bool matches_rule(const rule& r, std::string_view path) const;
  void mark_direct(std::string_view path, std::vector<std::uint64_t>& bits) const;
  bool evaluate(std::string_view path, const parent_info& parent, parent_info& info, std::size_t* last) const;

  std::vector<rule> rules_;
  bool has_negated_ = false;
  // Where to look for candidates of a path; indices into rules_.
  using index_list = std::vector<std::uint32_t>;
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  using index_map = std::unordered_map<std::string, index_list, text_hash, std::equal_to<>>;
  index_map by_path_;  // exact
  index_map by_name_;  // "**/name"
  /// A rule, and up to eight bytes with which a path has to begin (end). Most rules are excluded by these bytes, without
  /// a look at the rule.
  struct candidate {
    std::uint64_t bytes;
    std::uint64_t mask;
    std::uint32_t rule;
  };
  std::vector<std::vector<candidate>> by_first_byte_;
  std::vector<std::vector<candidate>> by_last_byte_;
  index_list always_;
};

}  // namespace peelbox::filesync
