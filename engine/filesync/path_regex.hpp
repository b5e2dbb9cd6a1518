// The regular expressions that patterns with wildcards stand for, as automata.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::filesync {

class position_set;

/// An anchored regular expression of the small kind that a .dockerignore pattern is translated to
/// (moby/patternmatcher): a sequence of runes, classes and "any", each once or starred, and the optional group
/// "(.*/)?".
/// Classes and escapes follow RE2, because the reference gives them to Go's regexp unchanged. Text is matched by
/// runes; a byte that is not UTF-8 counts as U+FFFD, as in Go.
///
/// Matching walks over sets of positions and takes time linear in text times pattern, because patterns come from
/// other machines.
class path_regex {
 public:
  /// Translates a cleaned pattern. failure{usage} when Go's regexp would not compile the result, and for the
  /// escapes \p, \P and \Q, which no known tool writes.
  static result<path_regex> compile(std::string_view pattern);

  bool matches(std::string_view text) const;
  /// Whether some text that starts with `prefix` and is longer can match.
  bool may_extend(std::string_view prefix) const;

  /// Bytes that every match starts (ends) with; may be empty.
  const std::string& literal_prefix() const noexcept { return prefix_; }
  const std::string& literal_suffix() const noexcept { return suffix_; }

 private:
  struct rune_set {
    std::vector<std::pair<char32_t, char32_t>> ranges;
    bool negated = false;
    bool contains(char32_t rune) const noexcept;
  };
  enum class element_kind : std::uint8_t {
    rune,
    set,
    any,
    dirs,
    text_begin,
    text_end,
    word_edge,
    no_word_edge
  };
  struct element {
    element_kind kind = element_kind::rune;  ///< dirs: the next two are "(.*/)?"
    bool star = false;                       ///< repeated, may be absent
    char32_t rune = 0;
    std::uint32_t set = 0;
  };
  /// Shapes that need no automaton.
  enum class shape : std::uint8_t { general, name_star, any_dir_star };
  class parser;

  void find_literals();
  bool consumes(const element& e, char32_t rune) const noexcept;
  void close(position_set& set, std::string_view text, std::size_t at) const;
  bool run(std::string_view text, bool whole) const;

  std::vector<element> elements_;
  std::vector<rune_set> sets_;
  std::string prefix_;
  std::string suffix_;
  shape shape_ = shape::general;
};

}  // namespace peelbox::filesync
