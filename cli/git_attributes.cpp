#include "cli/git_attributes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/output_fields.hpp"
#include "engine/async/ascii.hpp"
#include "engine/async/read_file.hpp"
#include "engine/filesync/git_config.hpp"
#include "engine/filesync/git_work_tree.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_file = 16 << 20;
constexpr std::string_view branches = "refs/heads/";

std::string text_of_file(const std::string& path) {
  const result<std::string> text = read_file(path, "git", longest_file, std::chrono::milliseconds(0));
  return text.has_value() ? *text : std::string();
}

bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && std::all_of(text.begin(), text.end(), is_lower_hex);
}

/// "COMMIT NAME" in a line of packed-refs.
std::string packed(const std::string& all, const std::string& name) {
  for (std::size_t at = all.find(' ' + name + '\n'); at != all.npos; at = all.find(' ' + name + '\n', at + 1)) {
    const std::size_t begin = all.rfind('\n', at) == all.npos ? 0 : all.rfind('\n', at) + 1;
    if (is_commit(std::string_view(all).substr(begin, at - begin))) return all.substr(begin, at - begin);
  }
  return {};
}

struct head {
  std::string commit;
  std::string branch;
};

/// gitrepository-layout(5). Empty before the first commit, and with refs that are kept in another way than in files.
head head_of(const filesync::git_work_tree& tree) {
  constexpr std::string_view link = "ref: ";
  const std::string text(trimmed(text_of_file(tree.git_dir + "/HEAD")));
  if (is_commit(text)) return {text, {}};
  if (!text.starts_with(link)) return {};
  const std::string name = text.substr(link.size());
  if (!name.starts_with("refs/") || name.find("..") != name.npos) return {};
  head found;
  if (name.starts_with(branches)) found.branch = name.substr(branches.size());
  const std::string loose(trimmed(text_of_file(tree.common_dir + "/" + name)));
  found.commit = is_commit(loose) ? loose : packed(text_of_file(tree.common_dir + "/packed-refs"), name);
  return found;
}

/// Without user and password.
std::string harmless_url(std::string url) {
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return url;
  const std::size_t host = scheme + 3;
  const std::size_t at = std::string_view(url).substr(0, url.find('/', host)).rfind('@');
  if (at != url.npos && at > scheme) url.erase(host, at + 1 - host);
  return url;
}

/// Of the branch's remote, else origin, else upstream.
std::string remote_of(const filesync::git_work_tree& tree, const std::string& branch) {
  const std::string config = text_of_file(tree.common_dir + "/config");
  std::vector<std::string> names{"origin", "upstream"};
  if (!branch.empty())
    if (auto tracked = filesync::git_config_value(config, fmt::format("branch \"{}\"", branch), "remote")) names.insert(names.begin(), *tracked);
  for (const std::string& name : names)
    if (auto url = filesync::git_config_value(config, fmt::format("remote \"{}\"", name), "url"); url && !url->empty()) return harmless_url(*url);
  return {};
}

std::optional<std::string> path_below(const std::string& path, const std::string& root) {
  const std::string relative = fs::path(path).lexically_relative(root).generic_string();
  if (relative.empty() || relative == ".." || relative.starts_with("../")) return std::nullopt;
  return relative;
}

}  // namespace

std::map<std::string, std::string> git_attributes(const std::string& context, const std::string& dockerfile, const environment& env) {
  const std::string info = env("BUILDX_GIT_INFO").value_or("");
  const std::string labels = env("BUILDX_GIT_LABELS").value_or("");
  const bool tells = info.empty() || !is_false(info);
  const bool labelled = !labels.empty() && !is_false(labels);
  std::map<std::string, std::string> all;
  if (!tells && !labelled) return all;
  const auto tree = filesync::work_tree_around(context);
  if (!tree) return all;
  const head at = head_of(*tree);
  if (at.commit.empty()) return all;
  const std::string remote = remote_of(*tree, at.branch);
  const auto set = [&all](const char* key, const std::string& value) {
    if (!value.empty()) all[key] = value;
  };
  if (tells) {
    set("vcs:revision", at.commit);
    set("vcs:source", remote);
    set("vcs:localdir:context", path_below(context, tree->root).value_or(""));
    if (!dockerfile.empty()) set("vcs:localdir:dockerfile", path_below(fs::path(dockerfile).parent_path().string(), tree->root).value_or(""));
  }
  if (labelled) {
    set("label:org.opencontainers.image.revision", at.commit);
    set("label:org.opencontainers.image.source", remote);
    if (!dockerfile.empty()) set("label:com.docker.image.source.entrypoint", path_below(dockerfile, tree->root).value_or(""));
  }
  return all;
}

}  // namespace peelbox::cli
