#include "engine/filesync/read_linked.hpp"

#include <sys/stat.h>

#include <deque>
#include <utility>

#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

constexpr int max_links = 40;  // as many as Linux follows

failure wrong(std::string text) { return failure(errc::context, std::move(text), origin::user); }

void put_before(std::deque<std::string>& names, std::string_view path) {
  std::size_t at = 0;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    names.insert(names.begin() + static_cast<std::ptrdiff_t>(at++), std::string(path.substr(0, end)));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
}

}  // namespace

result<std::optional<std::string>> read_linked_file(const file_tree& tree, std::string_view root, std::string_view path,
                                                    std::size_t limit) {
  std::string reached;
  std::deque<std::string> names;
  put_before(names, path);
  std::string last_target;
  int links = 0;
  const auto outside = [&] {
    return wrong("it is a link that leaves the context (to " + in_quotes(last_target) + "); put a copy of the file there");
  };
  while (!names.empty()) {
    const std::string name = std::move(names.front());
    names.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (reached.empty()) return outside();
      reached = std::string(parent_path(reached));
      continue;
    }
    auto directory = tree.directory(reached);
    if (!directory) return directory.error();
    const auto details = (*directory)->details(name);
    if (!details && details.error().code == errc::not_found && links == 0) return std::optional<std::string>();
    if (!details && details.error().code == errc::not_found)
      return wrong("it is a link to " + in_quotes(last_target) + ", which does not exist");
    if (!details) return details.error();
    if (!S_ISLNK(details->posix_mode)) {
      reached = join_path(reached, name);
      continue;
    }
    if (++links > max_links) return wrong("it is a link that leads back to itself");
    last_target = details->link_target;
    std::string_view target = last_target;
    if (target.starts_with('/')) {
      if (!is_below(target, root) || root.empty()) return outside();
      target.remove_prefix(root.size());
      reached.clear();
    }
    put_before(names, target);
  }
  auto content = read_whole_file(tree, reached, limit);
  if (!content && content.error().code == errc::not_found) return wrong("it is not a regular file");
  if (!content) return content.error();
  return std::optional<std::string>(std::move(*content));
}

}  // namespace peelbox::filesync
