#include "engine/filesync/pattern.hpp"

#include <algorithm>

#include "engine/filesync/glob.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

/// The first (last) eight bytes as one number; missing ones are zero.
std::uint64_t first_bytes(std::string_view text) noexcept {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < sizeof bytes; ++i)
    bytes = bytes << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  return bytes;
}
std::uint64_t last_bytes(std::string_view text) noexcept {
  std::uint64_t bytes = 0;
  for (std::size_t i = text.size() - std::min(text.size(), sizeof bytes); i < text.size(); ++i)
    bytes = bytes << 8 | static_cast<unsigned char>(text[i]);
  return bytes;
}
constexpr std::uint64_t low_bytes(std::size_t count) noexcept {
  return count >= sizeof(std::uint64_t) ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * count)) - 1;
}

void set_bit(std::vector<std::uint64_t>& bits, std::size_t i) {
  bits[i / 64] |= std::uint64_t{1} << (i % 64);
}

}  // namespace

result<std::optional<pattern_set::rule>> pattern_set::make_rule(std::string_view line) {
  const std::string_view trimmed = trim_space(line);
  if (trimmed.empty()) return std::optional<rule>();
  rule r;
  std::string text = clean_path(trimmed);
  if (text.starts_with('!')) {
    if (text.size() == 1) return failure(errc::usage, "the pattern '!' negates nothing", origin::user);
    r.negated = true;
    text.erase(0, 1);
  }
  if (result<void> checked = check_glob(text); !checked) return checked.error();

  // Which way of matching the reference chooses; found without building its expression.
  const bool leading = text.starts_with("**");
  const std::string_view rest = std::string_view(text).substr(leading ? 2 : 0);
  std::string_view literal = rest;
  const bool trailing = !leading && literal.ends_with("**") && !literal.ends_with("***");
  if (trailing) literal.remove_suffix(2);
  if (literal.find_first_of("*?[]\\") != literal.npos) {
    result<path_regex> regex = path_regex::compile(text);
    if (!regex) return regex.error();
    r.regex = std::move(*regex);
    r.type = kind::regex;
    r.text = std::move(text);
  } else if (leading) {
    r.type = kind::suffix;
    r.text = std::string(rest);
  } else if (trailing) {
    r.type = kind::prefix;
    r.text = std::string(literal);
  } else {
    r.text = std::move(text);
  }
  return std::optional<rule>(std::move(r));
}

result<pattern_set> pattern_set::compile(std::span<const std::string> patterns) {
  pattern_set set;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    result<std::optional<rule>> made = make_rule(patterns[i]);
    if (!made) return made.error();
    if (!*made) continue;
    (*made)->source = i;
    set.has_negated_ = set.has_negated_ || (*made)->negated;
    set.rules_.push_back(std::move(**made));
  }
  set.index();
  return set;
}

void pattern_set::index() {
  by_first_byte_.resize(256);
  by_last_byte_.resize(256);
  const auto byte = [](char c) { return static_cast<unsigned char>(c); };
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const rule& r = rules_[i];
    const bool one_name = r.type == kind::suffix && r.text.size() > 1 && r.text.rfind('/') == 0;
    const std::string& front = r.type == kind::regex ? r.regex.literal_prefix() : r.text;
    const std::string& back = r.type == kind::regex ? r.regex.literal_suffix() : r.text;
    if (r.type == kind::exact) {
      by_path_[r.text].push_back(i);
    } else if (one_name) {
      by_name_[r.text.substr(1)].push_back(i);
    } else if (r.type != kind::suffix && !front.empty()) {
      const std::size_t rest = sizeof(std::uint64_t) - std::min(front.size(), sizeof(std::uint64_t));
      by_first_byte_[byte(front.front())].push_back({first_bytes(front), ~low_bytes(rest), i});
    } else if (r.type != kind::prefix && !back.empty()) {
      // "**/name" matches a path that is the name alone, without the slash.
      const std::string_view end = std::string_view(back).substr(back.starts_with('/') && back.size() > 1 ? 1 : 0);
      by_last_byte_[byte(back.back())].push_back({last_bytes(end), low_bytes(end.size()), i});
    } else {
      always_.push_back(i);
    }
  }
}

bool pattern_set::matches_rule(const rule& r, std::string_view path) const {
  switch (r.type) {
    case kind::exact:
      return path == r.text;
    case kind::prefix:
      return path.starts_with(r.text);
    case kind::suffix:
      return path.ends_with(r.text) ||
             (r.text.starts_with('/') && path == std::string_view(r.text).substr(1));
    case kind::regex:
      return r.regex.matches(path);
  }
  return false;
}

void pattern_set::mark_direct(std::string_view path, std::vector<std::uint64_t>& bits) const {
  if (path.empty()) return;
  const auto mark = [&](const index_map& map, std::string_view key) {
    if (map.empty()) return;
    if (const auto it = map.find(key); it != map.end()) {
      for (const std::uint32_t i : it->second) set_bit(bits, i);
    }
  };
  const auto test = [&](const index_list& list) {
    for (const std::uint32_t i : list) {
      if (matches_rule(rules_[i], path)) set_bit(bits, i);
    }
  };
  mark(by_path_, path);
  mark(by_name_, base_name(path));
  const auto test_some = [&](const std::vector<candidate>& list, std::uint64_t bytes) {
    for (const candidate& c : list) {
      if ((bytes & c.mask) == c.bytes && matches_rule(rules_[c.rule], path)) set_bit(bits, c.rule);
    }
  };
  const auto& first = by_first_byte_[static_cast<unsigned char>(path.front())];
  if (!first.empty()) test_some(first, first_bytes(path));
  const auto& last = by_last_byte_[static_cast<unsigned char>(path.back())];
  if (!last.empty()) test_some(last, last_bytes(path));
  test(always_);
}

bool pattern_set::evaluate(std::string_view path, const parent_info& parent, parent_info& info,
                           std::size_t* last) const {
  const std::size_t words = (rules_.size() + 63) / 64;
  info.known_ = true;
  info.bits_.assign(words, 0);
  mark_direct(path, info.bits_);
  if (!parent.known_) {
    for (std::string_view above = parent_path(path); !above.empty(); above = parent_path(above)) {
      mark_direct(above, info.bits_);
    }
  }
  bool matched = false;
  for (std::size_t w = 0; w < words; ++w) {
    const std::uint64_t inherited = parent.known_ ? parent.bits_[w] : 0;
    std::uint64_t applied = inherited;
    for (std::uint64_t left = info.bits_[w] | inherited; left != 0; left &= left - 1) {
      const std::uint64_t bit = left & (~left + 1);
      const std::size_t i = w * 64 + static_cast<std::size_t>(__builtin_ctzll(left));
      const bool negated = rules_[i].negated;
      // A pattern that would not change the result is not tried, and so not recorded for the children.
      if ((inherited & bit) == 0 && negated != matched) continue;
      applied |= bit;
      matched = !negated;
      if (last != nullptr) *last = rules_[i].source;
    }
    info.bits_[w] = applied;
  }
  return matched;
}

bool pattern_set::matches(std::string_view path, const parent_info& parent, parent_info& info) const {
  return evaluate(path, parent, info, nullptr);
}

bool pattern_set::matches(std::string_view path) const {
  parent_info info;
  return evaluate(path, parent_info(), info, nullptr);
}

std::optional<std::size_t> pattern_set::deciding(std::string_view path, const parent_info& parent) const {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t last = none;
  parent_info info;
  evaluate(path, parent, info, &last);
  return last == none ? std::nullopt : std::optional<std::size_t>(last);
}

bool pattern_set::may_match_below(std::string_view directory, bool negated) const {
  if (negated && !has_negated_) return false;
  const std::string prefix = std::string(directory) + '/';
  return std::any_of(rules_.begin(), rules_.end(), [&](const rule& r) {
    if (r.negated != negated) return false;
    switch (r.type) {
      case kind::exact:
        return r.text.size() > prefix.size() && r.text.starts_with(prefix);
      case kind::prefix:
        return r.text.starts_with(prefix) || prefix.starts_with(r.text);
      case kind::suffix:
        return true;
      case kind::regex:
        return r.regex.may_extend(prefix);
    }
    return true;
  });
}

}  // namespace peelbox::filesync
