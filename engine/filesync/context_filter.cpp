#include "engine/filesync/context_filter.hpp"

#include <sys/stat.h>

#include <utility>

#include "engine/filesync/announced_times.hpp"
#include "engine/filesync/content_times.hpp"
#include "engine/filesync/copy_paths.hpp"
#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/follow_links.hpp"
#include "engine/filesync/git_work_tree.hpp"
#include "engine/filesync/path_order.hpp"
#include "engine/filesync/read_linked.hpp"
#include "engine/filesync/stat.hpp"
#include "engine/filesync/walk_directory.hpp"

namespace peelbox::filesync {

namespace {

constexpr std::size_t max_ignore_file = 1024 * 1024;

result<std::vector<ignore_line>> own_rules(const context_source& source, const file_tree& tree) {
  std::vector<ignore_line> rules;
  if (!source.dockerignore.empty()) {
    const auto content = read_linked_file(tree, source.root, source.dockerignore, max_ignore_file);
    if (content && *content) rules = read_dockerignore(**content, source.dockerignore);
    if (!content) {
      return failure(errc::context,
                     "cannot read ignore file " + in_quotes(source.dockerignore) +
                         " of the context: " + content.error().text,
                     origin::user);
    }
  }
  for (const auto& pattern : source.exclude) rules.push_back({pattern, 0, pattern, ""});
  return rules;
}

std::shared_ptr<const entry_times> times_of(const context_source& source, const std::shared_ptr<const file_tree>& tree) {
  // A tree that only watches the one on disk has its numbers; entries of any other are on no such device.
  const auto device = trusted_device(source.root);
  if (source.content_times) return open_content_times(source, tree, device);
  if (source.memory.empty() || !device) return nullptr;
  return std::make_shared<const announced_times>(source.memory, *device, tells_xattrs(source.root));
}

}  // namespace

result<opened_context> open_context(const context_source& source, const request_filters& request) {
  opened_context context;
  context.tree = source.tree;
  if (!context.tree) {
    auto tree = open_disk_tree(source.root);
    if (!tree) return tree.error();
    context.tree = std::move(*tree);
  }
  context.times = times_of(source, context.tree);
  filter::rules rules;
  auto own = own_rules(source, *context.tree);
  if (!own) return own.error();
  rules.own = std::move(*own);
  rules.gitignore = source.gitignore;
  if (source.gitignore && !source.root.empty())
    rules.repositories = repositories_on_disk(source.root, source.home, source.xdg_config_home);
  rules.include = request.include;
  rules.exclude = request.exclude;
  if (!request.follow_paths.empty()) {
    const auto followed = source.copied.contains(request.follow_paths)
                              ? paths_to_copy(*context.tree, request.follow_paths)
                              : follow_links(*context.tree, request.follow_paths);
    if (!followed) return followed.error();
    rules.include = with_followed(std::move(rules.include), *followed);
  }
  auto compiled = filter::compile(std::move(rules));
  if (!compiled) return compiled.error();
  context.rules = std::make_shared<const filter>(std::move(*compiled));
  return context;
}

result<path_decision> explain_path(const context_source& source, const request_filters& request,
                                   const std::string& path) {
  auto context = open_context(source, request);
  if (!context) return context.error();
  const std::string wanted = clean_path(path);
  path_decision decision;
  if (wanted == ".") {
    decision.exists = decision.sent = true;
    return decision;
  }
  if (const auto problem = path_problem(wanted)) {
    return failure(errc::usage,
                   "path " + in_quotes(path) + " is not inside the context: " + std::string(*problem),
                   origin::user);
  }
  const walk_context walk{context->tree, context->rules, {}, nullptr};
  walk_directory directory;
  for (std::size_t end = 0; end < wanted.size();) {
    end = std::min(wanted.find('/', end + 1), wanted.size());
    const std::string prefix = wanted.substr(0, end);
    if (result<void> listed = open_and_list(walk, directory); !listed) return listed.error();
    if (!directory.handle) return path_decision();
    const std::string name(base_name(prefix));
    const auto details = directory.handle->details(name);
    if (!details) {
      if (details.error().code == errc::not_found) return path_decision();
      return failure(errc::context, "cannot look at " + in_quotes(prefix) + ": " + details.error().text, origin::user);
    }
    const bool last = end == wanted.size();
    const bool is_directory = S_ISDIR(details->posix_mode);
    decision.exists = last;
    if (!last && !is_directory) return path_decision();
    walk_directory inner;
    const auto verdict = context->rules->judge(prefix, is_directory, directory.scope, inner.scope);
    decision.rule = context->rules->decide(prefix, is_directory, directory.scope);
    decision.decided_at = prefix;
    if (verdict == filter::verdict::skip || (last && verdict == filter::verdict::look_inside)) {
      decision.exists = true;
      decision.why = decision.rule.describe();
      if (!last) decision.why = in_quotes(prefix) + " is left out by " + decision.why;
      return decision;
    }
    if (last && (is_reserved_path(prefix) || !can_be_sent(go_mode_of(details->posix_mode) & ~go_mode::socket))) {
      decision.rule = {};
      decision.rule.sends = false;
      decision.why = std::string(never_sent);
      return decision;
    }
    inner.path = prefix;
    inner.withheld = verdict == filter::verdict::look_inside;
    directory = std::move(inner);
  }
  decision.sent = true;
  return decision;
}

}  // namespace peelbox::filesync
