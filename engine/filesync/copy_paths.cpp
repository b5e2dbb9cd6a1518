#include "engine/filesync/copy_paths.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/filesync/glob.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

// Links form loops ("a" -> "a/b"); no honest tree needs this many.
constexpr std::size_t max_copy_steps = 100'000;
constexpr std::size_t max_copy_links = 255;

/// A name of the tree as a pattern: what means something in patterns becomes "any character".
std::string plain_name(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (static_cast<unsigned char>(c) <= ' ' || std::string_view("*?[]\\^+(){}|!").find(c) != std::string_view::npos) c = '?';
  return out;
}

bool is_pattern(std::string_view name) noexcept { return name.find_first_of("*?") != name.npos; }

class copy_resolver {
 public:
  explicit copy_resolver(const file_tree& tree) : tree_(tree) {}

  result<void> resolve(const std::string& path) {
    reached_ = false;
    searched_.clear();
    push({"", "", relative(path), 0, 0, false});
    while (!work_.empty()) {
      const step next = std::move(work_.back());
      work_.pop_back();
      if (++steps_ > max_copy_steps) found_.insert(".");
      if (found_.contains(".")) return {};
      if (result<void> done = take(next); !done) return done;
    }
    // The daemon looks for a pattern in its directory, which therefore has to exist, also when it is content with nothing.
    // Which one that is only the copy tells: a name that is covered by a pattern here may be none there.
    if (!reached_) found_.insert(searched_.begin(), searched_.end());
    return {};
  }

  std::vector<std::string> patterns() const {
    std::vector<std::string> kept;
    if (found_.contains(".")) return kept;
    for (const std::string& path : found_) {
      const bool below = std::any_of(kept.begin(), kept.end(), [&](const std::string& k) { return path.starts_with(k + "/"); });
      if (!below) kept.push_back(path);
    }
    return kept;
  }

 private:
  struct step {
    std::string directory;  // a real one, reached without links; "" is the root
    std::string shown;      // the same as a pattern
    std::string rest;       // what of the path is left
    std::size_t names;      // so many names of `rest` are text of links, and no patterns
    std::size_t links;
    bool searched;          // a pattern led here
    auto key() const { return std::tie(directory, shown, rest, names, searched); }
    bool operator<(const step& other) const { return key() < other.key(); }
  };

  static std::string relative(std::string_view path) {
    std::string clean = clean_path("/" + std::string(path));
    return clean == "/" ? "." : clean.substr(1);
  }

  void push(step s) {
    if (s.links <= max_copy_links && seen_.insert(s).second) work_.push_back(std::move(s));
  }

  result<void> take(const step& s) {
    if (s.rest == ".") {
      found_.insert(".");
      return {};
    }
    const std::size_t end = std::min(s.rest.find('/'), s.rest.size());
    const std::string name = s.rest.substr(0, end);
    const std::string tail = s.rest.substr(std::min(end + 1, s.rest.size()));
    const bool search = s.names == 0 && is_pattern(name);
    const auto directory = tree_.directory(s.directory);
    if (!directory) {
      if (directory.error().code != errc::not_found) return unreadable(directory.error(), s.directory);
      found_.insert(join_path(s.shown, plain_rest(s)));
      return {};
    }
    bool any = false;
    if ((search || s.searched) && !s.shown.empty()) searched_.insert(s.shown);
    if (search) {
      const auto names = (*directory)->list();
      if (!names) return unreadable(names.error(), s.directory);
      for (std::size_t i = 0; i < names->size(); ++i) {
        const std::string candidate(names->name(i));
        if (!match_glob(name, candidate)) continue;
        // Most of what matches at the end of a path is a file, about which nothing more has to be known.
        const entry_kind kind = names->kind(i);
        const bool settled = tail.empty() && kind != entry_kind::symlink && kind != entry_kind::unknown;
        any = true;
        reached_ = reached_ || settled;
        if (settled) continue;
        if (result<void> done = enter(s, **directory, candidate, name, tail, true, any); !done) return done;
      }
      if (tail.empty()) found_.insert(join_path(s.shown, name));
    } else {
      const std::string shown = s.names > 0 ? plain_name(name) : name;
      if (result<void> done = enter(s, **directory, name, shown, tail, s.searched, any); !done) return done;
    }
    if (!any) found_.insert(join_path(s.shown, plain_rest(s)));
    return {};
  }

  /// One entry on the way. `any` becomes true when it exists.
  result<void> enter(const step& s, open_directory& directory, const std::string& name, const std::string& as_pattern,
                     const std::string& tail, bool searched, bool& any) {
    const auto details = directory.details(name);
    if (!details) {
      if (details.error().code == errc::not_found) return {};
      return unreadable(details.error(), join_path(s.directory, name));
    }
    any = true;
    const std::string shown = join_path(s.shown, as_pattern);
    const std::size_t names = s.names > 0 ? s.names - 1 : 0;
    reached_ = reached_ || tail.empty();
    if (S_ISLNK(details->posix_mode)) {
      found_.insert(shown);
      const std::string& link = details->link_target;
      const std::string target = relative(link.starts_with('/') ? link : join_path(s.directory, link));
      const std::size_t own = target == "." ? 0 : 1 + static_cast<std::size_t>(std::count(target.begin(), target.end(), '/'));
      std::string rest = tail.empty() ? target : target == "." ? tail : join_path(target, tail);
      push({"", "", std::move(rest), own + names, s.links + 1, searched});
    } else if (tail.empty()) {
      found_.insert(shown);
    } else if (S_ISDIR(details->posix_mode)) {
      push({join_path(s.directory, name), shown, tail, names, s.links, searched});
    } else {
      found_.insert(join_path(shown, tail));
    }
    return {};
  }

  /// What is left of the path as a pattern.
  static std::string plain_rest(const step& s) {
    std::string out;
    std::string_view rest = s.rest;
    for (std::size_t i = 0; !rest.empty(); ++i) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      const std::string name(rest.substr(0, end));
      out = join_path(out, i < s.names ? plain_name(name) : name);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
  }

  static failure unreadable(const failure& why, const std::string& path) {
    return failure(errc::context, "cannot look up " + in_quotes(path) + " in the context: " + why.text, why.who);
  }

  const file_tree& tree_;
  std::vector<step> work_;
  std::set<step> seen_;
  std::set<std::string> found_;
  std::set<std::string> searched_;  // where the path that is resolved looked for its first pattern, and behind it
  bool reached_ = false;            // it leads to something
  std::size_t steps_ = 0;
};

}  // namespace

result<std::vector<std::string>> paths_to_copy(const file_tree& tree, std::span<const std::string> paths) {
  copy_resolver all(tree);
  for (const std::string& path : paths)
    if (result<void> done = all.resolve(path); !done) return done.error();
  return all.patterns();
}

}  // namespace peelbox::filesync
