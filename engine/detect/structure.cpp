#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/detect/build_system.hpp"
#include "engine/detect/phases.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// Patterns of member directories: names as they are, which are looked up, and those with wildcards. A later one that
/// begins with "!" takes out what an earlier one took in.
class member_patterns {
 public:
  member_patterns(const std::vector<std::string>& patterns, std::string_view root) {
    for (std::string_view pattern : patterns) {
      const bool out = pattern.starts_with('!');
      if (out) pattern.remove_prefix(1);
      while (pattern.starts_with("./")) pattern.remove_prefix(2);
      std::string path = join(root, pattern);
      while (path.ends_with('/')) path.pop_back();
      const std::size_t order = next_++;
      if (path.find_first_of("*?") == std::string::npos)
        literal_[std::move(path)] = {order, out};
      else
        wild_.push_back({std::move(path), {order, out}});
    }
  }

  bool lists(std::string_view dir) const {
    const verdict* last = nullptr;
    if (const auto at = literal_.find(dir); at != literal_.end()) last = &at->second;
    for (const auto& [pattern, how] : wild_)
      if ((!last || how.order > last->order) && path_matches(pattern, dir)) last = &how;
    return last && !last->out;
  }

 private:
  struct verdict {
    std::size_t order;
    bool out;
  };
  std::map<std::string, verdict, std::less<>> literal_;
  std::vector<std::pair<std::string, verdict>> wild_;
  std::size_t next_ = 0;
};

}  // namespace

void structure(repository& files, std::vector<candidate>& candidates) {
  // Ascending, so an outer workspace comes before an inner one.
  for (candidate& root : candidates) {
    // Two workspaces may share a directory: uv's and npm's.
    for (const claim& other : root.others) {
      if (!other.system->members) continue;
      const member_patterns rules(other.system->members(files, other.manifest), root.dir);
      for (candidate& c : candidates) {
        if (&c == &root || c.is_member || c.system != other.system || !is_inside(c.dir, root.dir) || !rules.lists(c.dir)) continue;
        c.is_member = true;
        c.root = root.dir;
      }
    }
    if (!root.system->members) continue;
    const std::vector<std::string> patterns = root.system->members(files, root.manifest);
    if (patterns.empty()) continue;
    const member_patterns rules(patterns, root.dir);
    for (candidate& c : candidates) {
      if (&c == &root || c.system != root.system || !is_inside(c.dir, root.dir) || !rules.lists(c.dir)) continue;
      root.members.push_back(c.dir);
      if (c.is_member) continue;
      c.is_member = true;
      c.root = root.root;
    }
    for (const std::string& pattern : patterns) {
      if (contains(pattern, "*") || pattern.starts_with('!')) continue;
      const auto dir = resolve(root.dir, pattern);
      const auto at = std::lower_bound(candidates.begin(), candidates.end(), dir.value_or("/"),
                                       [](const candidate& c, const std::string& d) { return c.dir < d; });
      // Tests are members too, and no candidates.
      const bool found = dir && ((at != candidates.end() && at->dir == *dir) || files.has_directory(*dir));
      if (!found) files.add_note(root.manifest, fmt::format("names the member {}, which is not there", pattern));
    }
  }
}

void link_dependencies(repository& files, std::vector<candidate>& candidates) {
  std::map<std::pair<const build_system*, std::string>, std::size_t> by_name;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const candidate& c = candidates[i];
    if (!c.system->package_name) continue;
    const std::string name = c.system->package_name(files, c.manifest);
    if (!name.empty()) by_name.emplace(std::pair(c.system, name), i);
  }
  std::vector<std::vector<std::size_t>> direct(candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const candidate& c = candidates[i];
    if (!c.system->dependencies) continue;
    for (const std::string& name : c.system->dependencies(files, c.manifest)) {
      const auto at = by_name.find({c.system, name});
      if (at != by_name.end() && at->second != i) direct[i].push_back(at->second);
    }
    std::sort(direct[i].begin(), direct[i].end());
    direct[i].erase(std::unique(direct[i].begin(), direct[i].end()), direct[i].end());
  }
  // Depth first with a stack of our own: what is finished goes behind what it needs.
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    std::set<std::size_t> begun{i};
    std::set<std::size_t> open{i};
    std::vector<std::pair<std::size_t, std::size_t>> stack{{i, 0}};
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next == direct[node].size()) {
        if (node != i) candidates[i].needs.push_back(candidates[node].dir);
        open.erase(node);
        stack.pop_back();
        continue;
      }
      const std::size_t child = direct[node][next++];
      if (open.contains(child))
        files.add_note(candidates[child].manifest, fmt::format("needs itself by way of {}", candidates[node].manifest));
      else if (begun.insert(child).second) {
        open.insert(child);
        stack.emplace_back(child, 0);
      }
    }
  }
}

}  // namespace peelbox::detect
