#include "engine/filesync/path_regex.hpp"

#include <algorithm>

#include "engine/filesync/glob.hpp"
#include "engine/filesync/path_order.hpp"
#include "engine/filesync/position_set.hpp"

namespace peelbox::filesync {

namespace {

constexpr char32_t replacement = 0xFFFD;
constexpr char32_t max_rune = 0x10FFFF;

bool is_word(char32_t rune) noexcept {
  return (rune >= '0' && rune <= '9') || (rune >= 'A' && rune <= 'Z') || (rune >= 'a' && rune <= 'z') ||
         rune == '_';
}

}  // namespace

bool path_regex::rune_set::contains(char32_t rune) const noexcept {
  const bool found = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return range.first <= rune && rune <= range.second;
  });
  return found != negated;
}

// Reads the regular expression that the reference would build. It only knows what translate() can
// produce.
class path_regex::parser {
 public:
  parser(std::string_view pattern, path_regex& target) : pattern_(pattern), target_(target) { translate(); }

  result<void> parse() {
    while (at_ < regex_.size()) {
      result<void> done = parse_one();
      if (!done) return done;
    }
    return {};
  }

 private:
  void put(std::string_view text) {
    for (const char c : text) regex_ += static_cast<char32_t>(static_cast<unsigned char>(c));
  }

  void translate() {
    std::u32string runes;
    for (std::size_t at = 0; at < pattern_.size();) runes += next_rune(pattern_, at);
    // The reference's scanner drops a byte order mark at the beginning.
    std::size_t at = runes.starts_with(U'\uFEFF') ? 1 : 0;
    while (at < runes.size()) {
      const char32_t rune = runes[at++];
      if (rune == '*' && at < runes.size() && runes[at] == '*') {
        ++at;
        if (at < runes.size() && runes[at] == '/') ++at;
        put(at == runes.size() ? ".*" : "(.*/)?");
      } else if (rune == '*') {
        put("[^/]*");
      } else if (rune == '?') {
        put("[^/]");
      } else if (rune < 0x80 &&
                 std::string_view(".+()|{}$").find(static_cast<char>(rune)) != std::string_view::npos) {
        regex_ += U'\\';
        regex_ += rune;
      } else if (rune == '\\') {
        regex_ += rune;
        regex_ += at < runes.size() ? runes[at++] : U'\\';
      } else {
        regex_ += rune;
      }
    }
  }

  failure bad(std::string_view why) const { return bad_pattern(pattern_, why); }
  bool more() const noexcept { return at_ < regex_.size(); }

  element& add(element_kind kind) {
    target_.elements_.push_back(element{});
    target_.elements_.back().kind = kind;
    return target_.elements_.back();
  }
  element& add_rune(char32_t rune) {
    element& e = add(element_kind::rune);
    e.rune = rune;
    return e;
  }
  element& add_set(rune_set set) {
    target_.sets_.push_back(std::move(set));
    element& e = add(element_kind::set);
    e.set = static_cast<std::uint32_t>(target_.sets_.size() - 1);
    return e;
  }

  result<void> parse_one() {
    const char32_t rune = regex_[at_++];
    if (rune == '(') {  // "(.*/)?" as a whole
      add(element_kind::dirs);
      add(element_kind::any).star = true;
      add_rune('/');
      at_ += 5;
      return {};
    }
    if (rune == '^') {
      add(element_kind::text_begin);
      return {};
    }
    if (rune == '.') {
      add(element_kind::any);
      return parse_star();
    }
    if (rune == '[') {
      result<void> done = parse_class();
      return done ? parse_star() : done;
    }
    if (rune == '\\') return parse_escape_outside();
    add_rune(rune);
    return {};
  }

  result<void> parse_star() {
    if (more() && regex_[at_] == '*') {
      ++at_;
      target_.elements_.back().star = true;
    }
    return {};
  }

  result<void> parse_escape_outside() {
    const char32_t c = regex_[at_];
    const auto assertion = [&](element_kind kind) {
      ++at_;
      add(kind);
      return result<void>();
    };
    if (c == 'A') return assertion(element_kind::text_begin);
    if (c == 'z') return assertion(element_kind::text_end);
    if (c == 'b') return assertion(element_kind::word_edge);
    if (c == 'B') return assertion(element_kind::no_word_edge);
    rune_set set;
    if (perl_class(c, set)) {
      ++at_;
      add_set(std::move(set));
      return {};
    }
    const result<char32_t> rune = parse_escape();
    if (!rune) return rune.error();
    add_rune(*rune);
    return {};
  }

  // Behind a backslash.
  result<char32_t> parse_escape() {
    if (!more()) return bad("it ends with a backslash");
    const char32_t c = regex_[at_++];
    const auto octal = [&](std::size_t i) {
      return i < regex_.size() && regex_[i] >= '0' && regex_[i] <= '7';
    };
    if (c == '0' || (c >= '1' && c <= '7' && octal(at_))) {
      char32_t value = c - '0';
      for (int i = 0; i < 2 && octal(at_); ++i) value = value * 8 + (regex_[at_++] - '0');
      return value;
    }
    const bool alphanumeric = is_word(c) && c != '_';
    if (c < 0x80 && !alphanumeric) return c;
    switch (c) {
      case 'a':
        return U'\a';
      case 'f':
        return U'\f';
      case 'n':
        return U'\n';
      case 'r':
        return U'\r';
      case 't':
        return U'\t';
      case 'v':
        return U'\v';
      case 'x': {
        char32_t value = 0;
        for (int i = 0; i < 2; ++i) {
          const char32_t digit = more() ? regex_[at_++] : 0;
          const bool decimal = digit >= '0' && digit <= '9';
          const char32_t lower = digit | 0x20;
          if (!decimal && (lower < 'a' || lower > 'f')) return bad("\\x needs two hexadecimal digits");
          value = value * 16 + (decimal ? digit - '0' : lower - 'a' + 10);
        }
        return value;
      }
      default:
        return bad("it has an escape after a backslash that means nothing");
    }
  }

  // \d \s \w and their complements: adds to the set.
  static bool perl_class(char32_t c, rune_set& set) {
    std::vector<std::pair<char32_t, char32_t>> ranges;
    switch (c) {
      case 'd':
      case 'D':
        ranges = {{'0', '9'}};
        break;
      case 's':
      case 'S':
        ranges = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
        break;
      case 'w':
      case 'W':
        ranges = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
        break;
      default:
        return false;
    }
    add_ranges(set, ranges, c < 'a');
    return true;
  }

  // `ranges` ascend and do not touch.
  static void add_ranges(rune_set& set, const std::vector<std::pair<char32_t, char32_t>>& ranges,
                         bool complement) {
    if (!complement) {
      set.ranges.insert(set.ranges.end(), ranges.begin(), ranges.end());
      return;
    }
    char32_t low = 0;
    for (const auto& [first, last] : ranges) {
      if (first > low) set.ranges.emplace_back(low, first - 1);
      low = last + 1;
    }
    set.ranges.emplace_back(low, max_rune);
  }

  // "[:alpha:]" at at_; false when there is no such thing here.
  result<bool> posix_class(rune_set& set) {
    if (regex_.compare(at_, 2, U"[:") != 0) return false;
    const std::size_t end = regex_.find(U":]", at_ + 2);
    if (end == regex_.npos) return false;
    std::string name;
    for (std::size_t i = at_ + 2; i < end; ++i) append_rune(name, regex_[i]);
    const bool complement = name.starts_with('^');
    if (complement) name.erase(0, 1);
    using ranges = std::vector<std::pair<char32_t, char32_t>>;
    static const std::vector<std::pair<std::string_view, ranges>> known{
        {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
        {"ascii", {{0, 0x7F}}},
        {"blank", {{'\t', '\t'}, {' ', ' '}}},
        {"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
        {"digit", {{'0', '9'}}},
        {"graph", {{'!', '~'}}},
        {"lower", {{'a', 'z'}}},
        {"print", {{' ', '~'}}},
        {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {"space", {{'\t', '\r'}, {' ', ' '}}},
        {"upper", {{'A', 'Z'}}},
        {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}}};
    const auto it = std::find_if(known.begin(), known.end(), [&](const auto& k) { return k.first == name; });
    if (it == known.end()) return bad("it names a character class that does not exist");
    add_ranges(set, it->second, complement);
    at_ = end + 2;
    return true;
  }

  result<void> parse_class() {
    rune_set set;
    if (more() && regex_[at_] == '^') {
      set.negated = true;
      ++at_;
    }
    for (bool first = true;; first = false) {
      if (!more()) return bad("a '[' is not closed");
      if (regex_[at_] == ']' && !first) break;
      const result<bool> named = posix_class(set);
      if (!named) return named.error();
      if (*named) continue;
      if (regex_[at_] == '\\' && at_ + 1 < regex_.size() && perl_class(regex_[at_ + 1], set)) {
        at_ += 2;
        continue;
      }
      const result<char32_t> low = class_bound();
      if (!low) return low.error();
      char32_t high = *low;
      if (at_ + 1 < regex_.size() && regex_[at_] == '-' && regex_[at_ + 1] != ']') {
        ++at_;
        const result<char32_t> bound = class_bound();
        if (!bound) return bound.error();
        high = *bound;
        if (high < *low) return bad("a range in '[…]' runs backwards");
      }
      set.ranges.emplace_back(*low, high);
    }
    ++at_;
    add_set(std::move(set));
    return {};
  }

  result<char32_t> class_bound() {
    if (!more()) return bad("a '[' is not closed");
    const char32_t rune = regex_[at_++];
    return rune == '\\' ? parse_escape() : result<char32_t>(rune);
  }

  std::string_view pattern_;
  path_regex& target_;
  std::u32string regex_;
  std::size_t at_ = 0;
};

result<path_regex> path_regex::compile(std::string_view pattern) {
  path_regex regex;
  parser in(pattern, regex);
  result<void> parsed = in.parse();
  if (!parsed) return parsed.error();
  regex.find_literals();
  return regex;
}

void path_regex::find_literals() {
  const auto literal = [&](std::size_t i) {
    const element& e = elements_[i];
    const bool optional = i > 1 && elements_[i - 2].kind == element_kind::dirs;
    return e.kind == element_kind::rune && !e.star && !optional && e.rune != replacement;
  };
  std::size_t front = 0;
  while (front < elements_.size() && literal(front)) append_rune(prefix_, elements_[front++].rune);
  std::size_t back = elements_.size();
  while (back > front && literal(back - 1)) --back;
  for (std::size_t i = back; i < elements_.size(); ++i) append_rune(suffix_, elements_[i].rune);

  const auto name_star = [&](std::size_t i) {
    const element& e = elements_[i];
    if (e.kind != element_kind::set || !e.star) return false;
    const rune_set& set = sets_[e.set];
    return set.negated && set.ranges.size() == 1 && set.ranges[0] == std::pair<char32_t, char32_t>('/', '/');
  };
  if (back == front + 1 && name_star(front)) shape_ = shape::name_star;
  if (front == 0 && back == 4 && elements_[0].kind == element_kind::dirs && name_star(3) &&
      suffix_.find('/') == suffix_.npos) {
    shape_ = shape::any_dir_star;
  }
}

bool path_regex::consumes(const element& e, char32_t rune) const noexcept {
  switch (e.kind) {
    case element_kind::rune:
      return e.rune == rune;
    case element_kind::set:
      return sets_[e.set].contains(rune);
    case element_kind::any:
      return rune != '\n';  // Go's '.' without the s flag
    default:
      return false;
  }
}

void path_regex::close(position_set& set, std::string_view text, std::size_t at) const {
  const auto word_edge = [&] {
    const bool before = at > 0 && is_word(static_cast<unsigned char>(text[at - 1]));
    const bool after = at < text.size() && is_word(static_cast<unsigned char>(text[at]));
    return before != after;
  };
  set.each([&](std::size_t i) {
    if (i == elements_.size()) return;
    const element& e = elements_[i];
    if (e.star) set.set(i + 1);
    if (e.kind == element_kind::dirs) {
      set.set(i + 1);
      set.set(i + 3);
    }
    if ((e.kind == element_kind::text_begin && at == 0) ||
        (e.kind == element_kind::text_end && at == text.size()) ||
        (e.kind == element_kind::word_edge && word_edge()) ||
        (e.kind == element_kind::no_word_edge && !word_edge())) {
      set.set(i + 1);
    }
  });
}

bool path_regex::run(std::string_view text, bool whole) const {
  position_set now(elements_.size() + 1);
  position_set next(elements_.size() + 1);
  now.set(0);
  close(now, text, 0);
  for (std::size_t at = 0; at < text.size();) {
    const char32_t rune = next_rune(text, at);
    next.clear();
    now.each([&](std::size_t i) {
      if (i == elements_.size() || !consumes(elements_[i], rune)) return;
      next.set(elements_[i].star ? i : i + 1);
    });
    now.swap(next);
    if (now.none()) return false;
    close(now, text, at);
  }
  if (whole) return now.test(elements_.size());
  bool open = false;
  now.each([&](std::size_t i) { open = open || i < elements_.size(); });
  return open;
}

bool path_regex::matches(std::string_view text) const {
  if (!text.starts_with(prefix_) || !text.ends_with(suffix_) ||
      text.size() < prefix_.size() + suffix_.size()) {
    return false;
  }
  switch (shape_) {
    case shape::name_star:
      return text.substr(prefix_.size(), text.size() - prefix_.size() - suffix_.size()).find('/') ==
             text.npos;
    case shape::any_dir_star:
      return parent_path(text).find('\n') == text.npos;
    case shape::general:
      break;
  }
  return run(text, true);
}

bool path_regex::may_extend(std::string_view prefix) const {
  const std::size_t common = std::min(prefix.size(), prefix_.size());
  if (prefix.substr(0, common) != std::string_view(prefix_).substr(0, common)) return false;
  // The next byte can change the result of an assertion at the end of the prefix.
  const bool asserts = std::any_of(elements_.begin(), elements_.end(), [](const element& e) {
    return e.kind == element_kind::word_edge || e.kind == element_kind::no_word_edge ||
           e.kind == element_kind::text_end;
  });
  return asserts || run(prefix, false);
}

}  // namespace peelbox::filesync
