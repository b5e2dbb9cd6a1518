#include "engine/filesync/git_ignore.hpp"

#include <algorithm>
#include <cctype>

#include "engine/filesync/path_order.hpp"
#include "engine/filesync/position_set.hpp"

namespace peelbox::filesync {

namespace {

unsigned char byte_of(char c) noexcept { return static_cast<unsigned char>(c); }

// Membership of git's character classes, in the C locale.
bool add_named_class(std::string_view name, std::bitset<256>& set) {
  using test = int (*)(int);
  static constexpr std::array<std::pair<std::string_view, test>, 12> known{{{"alnum", std::isalnum},
                                                                            {"alpha", std::isalpha},
                                                                            {"blank", std::isblank},
                                                                            {"cntrl", std::iscntrl},
                                                                            {"digit", std::isdigit},
                                                                            {"graph", std::isgraph},
                                                                            {"lower", std::islower},
                                                                            {"print", std::isprint},
                                                                            {"punct", std::ispunct},
                                                                            {"space", std::isspace},
                                                                            {"upper", std::isupper},
                                                                            {"xdigit", std::isxdigit}}};
  const auto it = std::find_if(known.begin(), known.end(), [&](const auto& k) { return k.first == name; });
  if (it == known.end()) return false;
  for (int c = 0; c < 128; ++c) {
    if (it->second(c) != 0) set.set(static_cast<std::size_t>(c));
  }
  return true;
}

// Drops spaces at the end, unless a backslash stands before them (dir.c trim_trailing_spaces).
std::string_view trim_trailing_spaces(std::string_view line) noexcept {
  std::size_t keep = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ' ') continue;
    if (line[i] == '\\' && ++i == line.size()) return line;
    keep = i + 1;
  }
  return line.substr(0, keep);
}

}  // namespace

bool git_glob::parse_class(std::string_view pattern, std::size_t& at) {
  std::bitset<256> set;
  const auto peek = [&](std::size_t i) { return i < pattern.size() ? pattern[i] : '\0'; };
  bool negated = false;
  if (peek(at) == '!' || peek(at) == '^') {
    negated = true;
    ++at;
  }
  char previous = 0;
  for (bool first = true; first || peek(at) != ']'; first = false) {
    char c = peek(at++);
    if (c == 0) return false;
    if (c == '\\') {
      c = peek(at++);
      if (c == 0) return false;
      set.set(byte_of(c));
    } else if (c == '-' && previous != 0 && peek(at) != 0 && peek(at) != ']') {
      c = peek(at++);
      if (c == '\\') {
        c = peek(at++);
        if (c == 0) return false;
      }
      for (unsigned b = byte_of(previous); b <= byte_of(c); ++b) set.set(b);
      c = 0;
    } else if (c == '[' && peek(at) == ':') {
      const std::size_t end = pattern.find(']', at + 1);
      if (end == pattern.npos) return false;
      if (end < at + 2 || pattern[end - 1] != ':') {
        set.set(byte_of('['));
      } else {
        if (!add_named_class(pattern.substr(at + 1, end - at - 2), set)) return false;
        at = end + 1;
        c = 0;
      }
    } else {
      set.set(byte_of(c));
    }
    previous = c;
  }
  ++at;
  if (negated) set.flip();
  set.reset(byte_of('/'));
  element e;
  e.type = kind::set;
  e.set = static_cast<std::uint32_t>(sets_.size());
  sets_.push_back(set);
  elements_.push_back(e);
  return true;
}

std::optional<git_glob> git_glob::compile(std::string_view pattern) {
  git_glob glob;
  const auto add = [&](kind type, bool star, char byte = 0) {
    glob.elements_.push_back({type, star, byte, 0});
  };
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at++];
    if (c == '*') {
      const std::size_t first = at - 1;
      while (at < pattern.size() && pattern[at] == '*') ++at;
      const std::string_view rest = pattern.substr(at);
      const bool two = at - first > 1;
      const bool own_name = (first == 0 || pattern[first - 1] == '/') &&
                            (rest.empty() || rest[0] == '/' || rest.starts_with("\\/"));
      if (!two || !own_name) {
        add(kind::not_slash, true);
      } else if (rest.starts_with('/')) {
        add(kind::dirs, false);
        add(kind::any, true);
        add(kind::byte, false, '/');
        ++at;
      } else {
        add(kind::any, true);
      }
    } else if (c == '?') {
      add(kind::not_slash, false);
    } else if (c == '[') {
      if (!glob.parse_class(pattern, at)) return std::nullopt;
    } else if (c == '\\') {
      if (at == pattern.size()) return std::nullopt;
      add(kind::byte, false, pattern[at++]);
    } else {
      add(kind::byte, false, c);
    }
  }
  return glob;
}

bool git_glob::consumes(const element& e, char c) const noexcept {
  switch (e.type) {
    case kind::byte:
      return e.byte == c;
    case kind::not_slash:
      return c != '/';
    case kind::set:
      return sets_[e.set].test(byte_of(c));
    case kind::any:
      return true;
    case kind::dirs:
      return false;
  }
  return false;
}

bool git_glob::matches(std::string_view text) const {
  const auto close = [&](position_set& set) {
    set.each([&](std::size_t i) {
      if (i == elements_.size()) return;
      if (elements_[i].star) set.set(i + 1);
      if (elements_[i].type == kind::dirs) {
        set.set(i + 1);
        set.set(i + 3);
      }
    });
  };
  position_set now(elements_.size() + 1);
  position_set next(elements_.size() + 1);
  now.set(0);
  close(now);
  for (const char c : text) {
    next.clear();
    now.each([&](std::size_t i) {
      if (i < elements_.size() && consumes(elements_[i], c)) next.set(elements_[i].star ? i : i + 1);
    });
    now.swap(next);
    if (now.none()) return false;
    close(now);
  }
  return now.test(elements_.size());
}

git_ignore_file::git_ignore_file(std::string_view content) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (content.starts_with(byte_order_mark)) content.remove_prefix(byte_order_mark.size());
  for (std::size_t number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = line.substr(0, line.find('\0'));  // git reads C strings
    if (line.empty() || line.front() == '#') continue;
    add(trim_trailing_spaces(line), number);
  }
}

void git_ignore_file::add(std::string_view line, std::size_t number) {
  rule r;
  r.line = number;
  r.text = std::string(line);
  std::string_view pattern = line;
  if (pattern.starts_with('!')) {
    r.negated = true;
    pattern.remove_prefix(1);
  }
  if (pattern.ends_with('/')) {
    r.directory_only = true;
    pattern.remove_suffix(1);
  }
  matcher m;
  m.by_name = pattern.find('/') == pattern.npos;
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  if (pattern.empty()) return;
  // git compares the text before the first special byte and gives only the rest to its glob. So "foo**/bar" is
  // "foo" and then a real "**/".
  const std::size_t special = std::min(pattern.find_first_of("*?[\\"), pattern.size());
  const std::string_view rest = pattern.substr(special);
  if (m.by_name && rest.size() > 1 && special == 0 && rest.find_first_of("*?[\\", 1) == rest.npos &&
      rest[0] == '*') {
    m.ends_with = true;
    m.literal = std::string(rest.substr(1));
  } else {
    // When it matches by name, git's glob gets the whole pattern, which means the same for a name without slashes.
    m.literal = std::string(pattern.substr(0, special));
    if (!rest.empty()) {
      m.glob = git_glob::compile(rest);
      if (!m.glob) return;
    }
  }

  const auto index = static_cast<std::uint32_t>(rules_.size());
  const auto front = [&] { return byte_of(m.literal.front()); };
  if (m.ends_with) {
    name_by_last_byte_[byte_of(m.literal.back())].push_back(index);
  } else if (!m.glob) {
    (m.by_name ? by_name_ : by_path_)[m.literal].push_back(index);
  } else if (!m.literal.empty()) {
    (m.by_name ? name_by_first_byte_ : path_by_first_byte_)[front()].push_back(index);
  } else {
    always_.push_back(index);
  }
  rules_.push_back(std::move(r));
  matchers_.push_back(std::move(m));
}

bool git_ignore_file::matches(const matcher& m, std::string_view path, std::string_view name) const {
  const std::string_view subject = m.by_name ? name : path;
  if (m.ends_with) return subject.ends_with(m.literal);
  if (!subject.starts_with(m.literal)) return false;
  return m.glob ? m.glob->matches(subject.substr(m.literal.size())) : subject.size() == m.literal.size();
}

const git_ignore_file::rule* git_ignore_file::find(std::string_view path, bool is_directory) const {
  const std::string_view name = base_name(path);
  if (name.empty()) return nullptr;
  // 1 + the index of the best rule so far; 0 is none.
  std::size_t best = 0;
  const auto scan = [&](const index_list& list, bool known) {
    for (auto it = list.rbegin(); it != list.rend() && *it >= best; ++it) {
      if (rules_[*it].directory_only && !is_directory) continue;
      if (known || matches(matchers_[*it], path, name)) {
        best = *it + 1;
        return;
      }
    }
  };
  const auto look_up = [&](const auto& map, std::string_view key) {
    if (map.empty()) return;
    if (const auto it = map.find(std::string(key)); it != map.end()) scan(it->second, true);
  };
  look_up(by_name_, name);
  look_up(by_path_, path);
  scan(name_by_last_byte_[byte_of(name.back())], false);
  scan(name_by_first_byte_[byte_of(name.front())], false);
  scan(path_by_first_byte_[byte_of(path.front())], false);
  scan(always_, false);
  return best == 0 ? nullptr : &rules_[best - 1];
}

namespace {

std::size_t size_with_slash(std::string_view directory) noexcept { return directory.empty() ? 0 : directory.size() + 1; }

}  // namespace

std::shared_ptr<git_ignore_scope> git_ignore_scope::next(pointer outer) {
  auto scope = std::make_shared<git_ignore_scope>();
  if (outer) {
    scope->prefix_ = outer->prefix_;
    scope->skip_to_repository_ = outer->skip_to_repository_;
    scope->tracked_ = outer->tracked_;
  }
  scope->outer_ = std::move(outer);
  return scope;
}

git_ignore_scope::pointer git_ignore_scope::inner(pointer outer, std::string_view directory,
                                                  std::shared_ptr<const git_ignore_file> file, std::string name) {
  if (!file || file->empty()) return outer;
  auto scope = next(std::move(outer));
  scope->skip_ = scope->prefix_.size() + size_with_slash(directory);
  scope->name_ = name.empty() ? join_path(directory, ".gitignore") : std::move(name);
  scope->file_ = std::move(file);
  return scope;
}

git_ignore_scope::pointer git_ignore_scope::above(pointer outer, std::string_view tree, std::string_view directory,
                                                  std::shared_ptr<const git_ignore_file> file, std::string name) {
  if (!file || file->empty()) return outer;
  auto scope = next(std::move(outer));
  scope->prefix_ = tree.empty() ? "" : std::string(tree) + '/';
  scope->skip_ = size_with_slash(directory);
  scope->name_ = std::move(name);
  scope->file_ = std::move(file);
  return scope;
}

git_ignore_scope::pointer git_ignore_scope::repository(pointer outer, std::string_view directory,
                                                       std::shared_ptr<const git_tracked> tracked) {
  auto scope = next(std::move(outer));
  scope->skip_to_repository_ = scope->prefix_.size() + size_with_slash(directory);
  scope->tracked_ = std::move(tracked);
  return scope;
}

git_ignore_scope::pointer git_ignore_scope::repository_above(pointer outer, std::string_view tree,
                                                             std::shared_ptr<const git_tracked> tracked) {
  auto scope = next(std::move(outer));
  scope->prefix_ = tree.empty() ? "" : std::string(tree) + '/';
  scope->skip_to_repository_ = 0;
  scope->tracked_ = std::move(tracked);
  return scope;
}

git_ignore_scope::decision git_ignore_scope::decide(std::string_view path, bool is_directory) const {
  // Most trees are whole work trees, whose paths need nothing before them.
  const std::string whole = prefix_.empty() ? std::string() : prefix_ + std::string(path);
  if (!prefix_.empty()) path = whole;
  for (const git_ignore_scope* scope = this; scope != nullptr; scope = scope->outer_.get()) {
    if (!scope->file_ || path.size() <= scope->skip_) continue;
    if (const auto* rule = scope->file_->find(path.substr(scope->skip_), is_directory)) return {rule, scope->name_};
  }
  return {};
}

git_tracked::answer git_ignore_scope::tracked(std::string_view path) const {
  if (!tracked_) return git_tracked::answer::no;
  const std::string whole = prefix_ + std::string(path);
  if (whole.size() <= skip_to_repository_) return git_tracked::answer::no;
  return tracked_->ask(std::string_view(whole).substr(skip_to_repository_));
}

}  // namespace peelbox::filesync
