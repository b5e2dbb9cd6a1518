#include "engine/filesync/follow_links.hpp"

#include <deque>
#include <optional>
#include <set>
#include <utility>

#include <sys/stat.h>

#include "engine/filesync/glob.hpp"
#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

// Links can form loops ("a" -> "a/b"). No honest tree needs this many steps.
constexpr std::size_t max_link_steps = 20'000;
constexpr std::size_t max_links_per_path = 255;

bool has_wildcard(std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '\\') {
      ++i;
    } else if (name[i] == '*' || name[i] == '?' || name[i] == '[') {
      return true;
    }
  }
  return false;
}

// Go's filepath.Join("/", …) made relative: clean, never above the root.
std::string below_root(std::string_view path) {
  std::string clean = clean_path("/" + std::string(path));
  return clean == "/" ? "." : clean.substr(1);
}

std::vector<std::string> drop_below(std::vector<std::string> paths) {
  std::vector<std::string> kept;
  std::string last;
  for (auto& path : paths) {
    if (path == ".") return {};
    if (path.starts_with(last + "/")) continue;
    last = path;
    kept.push_back(std::move(path));
  }
  return kept;
}

class resolver {
 public:
  explicit resolver(const file_tree& tree) : tree_(tree) {}

  result<void> resolve(const std::string& path) {
    std::string first = clean_path(path);
    if (first.starts_with('/')) first = below_root(first);
    work_.push_back({first, 0});
    while (!work_.empty()) {
      pending next = std::move(work_.back());
      work_.pop_back();
      if (++steps_ > max_link_steps || next.links > max_links_per_path) continue;
      if (!seen_.insert(next.path).second) continue;
      if (result<void> done = walk(next); !done) return done;
    }
    return {};
  }

  std::vector<std::string> take() { return {resolved_.begin(), resolved_.end()}; }

 private:
  struct pending {
    std::string path;
    std::size_t links;
  };

  result<void> walk(const pending& p) {
    std::size_t begin = 0;
    while (true) {
      const std::size_t end = std::min(p.path.find('/', begin), p.path.size());
      const std::string prefix = p.path.substr(0, end);
      const std::string_view rest = std::string_view(p.path).substr(std::min(end + 1, p.path.size()));
      const auto targets = links_at(prefix);
      if (!targets) return targets.error();
      if (!targets->empty()) {
        resolved_.insert(prefix);
        for (const auto& target : *targets)
          work_.push_back({below_root(target + "/" + std::string(rest)), p.links + 1});
        return {};
      }
      if (rest.empty()) {
        resolved_.insert(prefix);
        return {};
      }
      begin = end + 1;
    }
  }

  // Where the link (or each link that the last name, a pattern, matches) leads; empty when there is none.
  result<std::vector<std::string>> links_at(const std::string& path) {
    std::vector<std::string> targets;
    const std::string name(base_name(path));
    if (name == "." || name == ".." || path.starts_with("../")) return targets;
    const std::string dir(parent_path(path));
    auto directory = tree_.directory(dir);
    if (!directory) return unless_missing(directory.error(), dir, std::move(targets));
    if (!has_wildcard(name)) {
      if (result<void> added = add_target(**directory, dir, name, targets); !added) return added.error();
      return targets;
    }
    const auto names = (*directory)->list();
    if (!names) return unless_missing(names.error(), dir, std::move(targets));
    for (std::size_t i = 0; i < names->size(); ++i) {
      const entry_kind kind = names->kind(i);
      if (kind != entry_kind::symlink && kind != entry_kind::unknown) continue;
      const std::string candidate(names->name(i));
      if (!match_glob(name, candidate)) continue;
      if (result<void> added = add_target(**directory, dir, candidate, targets); !added) return added.error();
    }
    return targets;
  }

  result<void> add_target(open_directory& directory, const std::string& dir, const std::string& name,
                          std::vector<std::string>& targets) {
    const auto details = directory.details(name);
    if (!details) {
      if (details.error().code == errc::not_found) return {};
      return unreadable(details.error(), join_path(dir, name));
    }
    if (!S_ISLNK(details->posix_mode)) return {};
    const std::string link = clean_path(details->link_target);
    targets.push_back(link.starts_with('/') ? link : below_root(join_path(dir, link)));
    return {};
  }

  static failure unreadable(const failure& why, const std::string& path) {
    return failure(errc::context, "cannot look up " + in_quotes(path) + " in the context: " + why.text, why.who);
  }
  static result<std::vector<std::string>> unless_missing(const failure& why, const std::string& dir,
                                                         std::vector<std::string> targets) {
    if (why.code != errc::not_found) return unreadable(why, dir);
    return targets;
  }

  const file_tree& tree_;
  std::vector<pending> work_;
  std::set<std::string> seen_;
  std::set<std::string> resolved_;
  std::size_t steps_ = 0;
};

}  // namespace

result<std::vector<std::string>> follow_links(const file_tree& tree, std::span<const std::string> paths) {
  resolver all(tree);
  for (const auto& path : paths) {
    if (result<void> done = all.resolve(path); !done) return done.error();
  }
  return drop_below(all.take());
}

std::vector<std::string> with_followed(std::vector<std::string> include,
                                       const std::vector<std::string>& followed) {
  if (followed.empty()) return include;
  include.insert(include.end(), followed.begin(), followed.end());
  return drop_below(std::move(include));
}

}  // namespace peelbox::filesync
